import { afterEach, beforeEach, expect, test } from "vitest";
import { resultKeys } from "../../domain/layout.ts";
import { frameTimesOf, greyFrames, INPUT, makeLab, rowOf, TASK, type Lab } from "./results.test-suite.ts";

const WIDTH = 160;
const HEIGHT = 96;
const black = (rate: string, frames: number) => ["-f", "lavfi", "-i", `color=black:s=${WIDTH}x${HEIGHT}:r=${rate}`, "-frames:v", String(frames)];

let lab: Lab;
beforeEach(async () => {
  lab = await makeLab();
});
afterEach(() => lab.remove());

/** Column (pixels) of the box's left edge in each frame, read from the drawn picture's middle row; -1 where there is none. */
const leftEdges = (frames: Buffer[]): number[] => frames.map((pixels) => [...pixels.subarray((HEIGHT / 2) * WIDTH, (HEIGHT / 2 + 1) * WIDTH)].findIndex((v) => v > 60));
/** A box that begins at x = 8 n, so that its place says which row was drawn. */
const boxAt = (n: number): [number, number, number, number] => [(8 * n) / WIDTH, 0.3, (8 * n + 40) / WIDTH, 0.8];

test("every frame shows its own row, and the video keeps its frames and times", async () => {
  const info = await lab.addVideo({ args: black("25", 12), width: WIDTH, height: HEIGHT, fps: 25 });
  await lab.addResult({}, Array.from({ length: 12 }, (_, n) => rowOf(n, n / 25, n === 5 ? [] : [{ id: "0", box: boxAt(n) }])));
  const output = await lab.run(lab.steps.annotateVideo, { ...INPUT, settings: {} as never });

  expect(output.key).toBe(resultKeys(TASK, 1).annotated);
  expect(output.notes).toBeUndefined();
  const file = await lab.storage.localPath(output.key);
  expect(output.bytes).toBe(await lab.storage.size(output.key));
  expect(await lab.video.probe(file)).toMatchObject({ codec: "h264", pixelFormat: "yuv420p", width: WIDTH, height: HEIGHT, browserPlays: true });
  expect(await frameTimesOf(file)).toEqual(await frameTimesOf(await lab.storage.localPath(info.source_key)));
  const edges = leftEdges(await greyFrames(file, WIDTH, HEIGHT));
  expect(edges).toHaveLength(12);
  expect(edges[5]).toBe(-1);
  for (const n of [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]) expect(Math.abs((edges[n] ?? -9) - 8 * n)).toBeLessThanOrEqual(1);
});

test("frames at odd times show their own row too", async () => {
  // Every third frame is left out: intervals of one and of two frames.
  await lab.addVideo({ args: [...black("30", 18), "-vf", "select='mod(n,3)',setpts=PTS", "-fps_mode", "vfr"], width: WIDTH, height: HEIGHT, fps: 20 });
  const source = await frameTimesOf(await lab.storage.localPath((await lab.storage.list("videos/")).find((k) => k.endsWith("source.mp4")) ?? ""));
  await lab.addResult({}, source.map((time, n) => rowOf(n, time - (source[0] ?? 0), [{ id: "0", box: boxAt(n) }])));
  const { key } = await lab.run(lab.steps.annotateVideo, { ...INPUT, settings: {} as never });
  const edges = leftEdges(await greyFrames(await lab.storage.localPath(key), WIDTH, HEIGHT));
  expect(edges).toHaveLength(source.length);
  edges.forEach((x, n) => expect(Math.abs(x - 8 * n)).toBeLessThanOrEqual(1));
});

test("a skipped frame shows the state before it, and frames after the last processed one show none", async () => {
  await lab.addVideo({ args: black("25", 12), width: WIDTH, height: HEIGHT, fps: 25 });
  await lab.addResult({ settings: { inference: { frame_skip: 2 } } }, [0, 3, 6].map((n) => rowOf(n, n / 25, [{ id: "1", box: boxAt(n) }])));
  const { key } = await lab.run(lab.steps.annotateVideo, { ...INPUT, settings: {} as never });
  const edges = leftEdges(await greyFrames(await lab.storage.localPath(key), WIDTH, HEIGHT));
  [0, 0, 0, 3, 3, 3, 6, 6, 6].forEach((shown, n) => expect(Math.abs((edges[n] ?? -9) - 8 * shown)).toBeLessThanOrEqual(1));
  expect(edges.slice(9)).toEqual([-1, -1, -1]);
});

test("at a thousand frames a second every frame still shows its own row", async () => {
  await lab.addVideo({ args: black("1000", 14), width: WIDTH, height: HEIGHT, fps: 1000 });
  await lab.addResult({ fps: 1000 }, Array.from({ length: 14 }, (_, n) => rowOf(n, n / 1000, [{ id: "0", box: boxAt(n) }])));
  const { key } = await lab.run(lab.steps.annotateVideo, { ...INPUT, settings: {} as never });
  const edges = leftEdges(await greyFrames(await lab.storage.localPath(key), WIDTH, HEIGHT));
  expect(edges).toHaveLength(14);
  edges.forEach((x, n) => expect(Math.abs(x - 8 * n)).toBeLessThanOrEqual(1));
});

test("a long video is drawn in pieces, and no seam shows: every frame once, with its time and its own row, skipped frames too", async () => {
  // One frame a second and a third of a frame more, so that ticks do not fall on hundredths; every third frame is processed.
  const info = await lab.addVideo({ args: [...black("3/4", 320), "-g", "20", "-bf", "2"], width: WIDTH, height: HEIGHT, fps: 0.75 });
  const times = await frameTimesOf(await lab.storage.localPath(info.source_key));
  const shownAt = (n: number): number => n - (n % 3);
  await lab.addResult({ fps: 0.75, settings: { inference: { frame_skip: 2 } } }, times.flatMap((time, n) => (n % 3 === 0 ? [rowOf(n, time, [{ id: "0", box: boxAt(n % 13) }])] : [])));
  const output = await lab.run(lab.steps.annotateVideo, { ...INPUT, settings: {} as never });
  const file = await lab.storage.localPath(output.key);
  expect(await frameTimesOf(file)).toEqual(times);
  const edges = leftEdges(await greyFrames(file, WIDTH, HEIGHT));
  expect(edges).toHaveLength(320);
  const wrong = edges.flatMap((x, n) => (Math.abs(x - 8 * (shownAt(n) % 13)) > 1 ? [n] : []));
  expect(wrong).toEqual([]);
  expect(await lab.video.probe(file)).toMatchObject({ browserPlays: true });
});

test("trails show where an animal was in the last second, and can be left out", async () => {
  await lab.addVideo({ args: black("25", 40), width: WIDTH, height: HEIGHT, fps: 25 });
  // To the right, two pixels a frame.
  const box = (n: number): [number, number, number, number] => [(20 + 2 * n) / WIDTH, 0.3, (40 + 2 * n) / WIDTH, 0.7];
  await lab.addResult({}, Array.from({ length: 40 }, (_, n) => rowOf(n, n / 25, [{ id: "0", box: box(n) }])));
  const drawnLeftOfBox = async (settings: unknown): Promise<number[]> => {
    const { key } = await lab.run(lab.steps.annotateVideo, { ...INPUT, settings: settings as never });
    const frames = await greyFrames(await lab.storage.localPath(key), WIDTH, HEIGHT);
    return frames.map((pixels, n) => [...pixels.subarray(48 * WIDTH, 48 * WIDTH + 17 + 2 * n)].filter((v) => v > 40).length);
  };
  const trails = await drawnLeftOfBox({ annotate: { trails: true } });
  expect(trails[0]).toBe(0);
  // A second is 50 pixels, of which 10 lie inside the box.
  for (const n of [30, 35, 39]) expect(Math.abs((trails[n] ?? 0) - 38)).toBeLessThanOrEqual(5);
  expect(Math.max(...(await drawnLeftOfBox({ annotate: { trails: false } })))).toBe(0);
});
