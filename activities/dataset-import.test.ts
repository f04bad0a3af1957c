import { MockActivityEnvironment } from "@temporalio/testing";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { snapshotHash } from "../domain/hash.ts";
import type { FrameLabels, Snapshot } from "../domain/labels.ts";
import { frameKeys, labelKeys, trainKeys } from "../domain/layout.ts";
import type { Manifest } from "../domain/manifest.ts";
import { settingsOf } from "../domain/settings.ts";
import type { DatasetOutput, TrainingData } from "../domain/steps.ts";
import type { TaskBody } from "../domain/task.ts";
import { createImportSteps } from "./dataset.ts";

const RUN = "0000000run00";
const keys = trainKeys(RUN, 1);
let root: string;
let storage: Storage;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "actverse-import-")));
  storage = createLocalStorage({ root: join(root, "data") });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const load = (data: TrainingData, more: Partial<TaskBody> = {}): Promise<DatasetOutput> => {
  const steps = createImportSteps({ storage, files: { allowedRoots: [join(root, "mine")], allowedHosts: [], maxBytes: 0 } });
  return new MockActivityEnvironment().run(steps.importDataset, { taskId: RUN, round: 1, data, settings: settingsOf({ file_path: "x", user_id: "ann", ...more }) });
};
const manifest = (): Promise<Manifest> => readJson<Manifest>(storage, keys.manifest);
const text = async (key: string): Promise<string> => (await storage.read(key)).toString();

describe("a folder in YOLO's format", () => {
  const folder = (): string => join(root, "mine/mice");
  const YAML = "train: images/train\nval: images/val\nnames: [mouse]\nkpt_shape: [2, 2]\nkpt_names: [nose, tail]\n";
  const put = async (path: string, content: string): Promise<void> => {
    await mkdir(join(folder(), path, ".."), { recursive: true });
    await writeFile(join(folder(), path), content);
  };
  beforeEach(async () => {
    await put("data.yaml", YAML);
    for (const [split, count] of [["train", 3], ["val", 1]] as const) {
      for (let i = 0; i < count; i++) {
        await put(`images/${split}/deep/${i}.PNG`, `image ${split} ${i}`);
        // The first is background, and has no file.
        if (i > 0 || split === "val") await put(`labels/${split}/deep/${i}.txt`, "0 0.5 0.5 0.2 0.2 0.4 0.4 0.6 0.6\n");
      }
    }
  });

  it("is copied with its labels, and the manifest says from where each image is", async () => {
    const output = await load({ from: "folder", path: folder() });
    expect(output).toMatchObject({ dataKey: keys.dataYaml, train: 3, val: 1, boxes: 3 });
    const made = await manifest();
    expect(made).toMatchObject({ task: "pose", classes: ["mouse"], keypoints: ["nose", "tail"], flip_idx: null, min_train_val_distance_s: null, counts: { background: 1, boxes: 3, unreviewed_boxes: 0 } });
    expect(made.images.map(({ source_image, split, frame }) => [source_image, split, frame])).toEqual([["images/train/deep/0.PNG", "train", 0], ["images/train/deep/1.PNG", "train", 1], ["images/train/deep/2.PNG", "train", 2], ["images/val/deep/0.PNG", "val", 0]]);
    expect(await text(made.images[3]!.image)).toBe("image val 0");
    expect(made.images[3]!.image).toBe(keys.image("val", 0, { type: "png" }));
    expect(await text(made.images[1]!.label)).toBe("0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 2\n");
    expect(await text(keys.dataYaml)).toContain('kpt_names:\n  0: ["nose","tail"]');
    expect(await load({ from: "folder", path: join(folder(), "data.yaml") })).toEqual(output);
  });

  it("trains boxes alone where that is asked for", async () => {
    await load({ from: "folder", path: folder() }, { training: { task: "detect" } });
    expect(await text((await manifest()).images[1]!.label)).toBe("0 0.5 0.5 0.2 0.2\n");
    expect(await text(keys.dataYaml)).not.toContain("kpt_shape");
  });

  it("is read from storage as well", async () => {
    await load({ from: "folder", path: folder() });
    const first = await manifest();
    const other = trainKeys("0000000other", 1);
    for (const key of await storage.list(keys.prefix)) await storage.put(other.prefix + key.slice(keys.prefix.length), await storage.read(key));
    await storage.remove(keys.manifest);
    expect(await load({ from: "storage", key: other.dataYaml })).toMatchObject({ train: 3, val: 1, boxes: 3 });
    expect((await manifest()).images.map(({ labels_sha256 }) => labels_sha256)).toEqual(first.images.map(({ labels_sha256 }) => labels_sha256));
  });

  it.each<[string, () => Promise<unknown>, object]>([
    ["a class that no image has", () => put("data.yaml", YAML.replace("[mouse]", "[mouse, rat]")), { status: 422, message: expect.stringContaining("has the classes: rat") as string }],
    ["a keypoint that no image has", async () => {
      await put("data.yaml", YAML.replace("[2, 2]", "[2, 3]").replace("kpt_names: [nose, tail]", ""));
      for (const file of ["train/deep/1", "train/deep/2", "val/deep/0"]) await put(`labels/${file}.txt`, "0 0.5 0.5 0.2 0.2 0.4 0.4 2 0 0 0\n");
    }, { status: 422, message: expect.stringContaining("has the keypoints: keypoint_1") as string }],
    ["a bad row", () => put("labels/train/deep/1.txt", "0 0.5\n"), { status: 422, message: expect.stringContaining("labels/train/deep/1.txt line 1") as string }],
    ["no images", () => put("data.yaml", YAML.replace("images/val", "images/none")), { status: 400, message: expect.stringContaining("no image in images/none") as string }],
    ["a link that leads out", async () => {
      await writeFile(join(root, "secret.jpg"), "secret");
      await symlink(join(root, "secret.jpg"), join(folder(), "images/train/deep/9.jpg"));
    }, { status: 400, message: expect.stringContaining("outside") as string }],
    ["folders elsewhere", () => put("data.yaml", `path: ${root}\n${YAML}`), { status: 400, message: expect.stringContaining("outside") as string }],
  ])("is refused with %s, and nothing is copied", async (_what, change, error) => {
    await change();
    await expect(load({ from: "folder", path: folder() })).rejects.toMatchObject({ name: "InputError", field: "data_path", ...error });
    expect(await storage.list(keys.prefix)).toEqual([]);
  });

  it("is refused where it may not lie, or is not", async () => {
    await expect(load({ from: "folder", path: join(root, "others") })).rejects.toMatchObject({ field: "data_path", status: 400 });
    await expect(load({ from: "folder", path: join(root, "mine/none") })).rejects.toMatchObject({ field: "data_path", status: 404 });
    await expect(load({ from: "storage", key: "train_log/0000000none0/data.yaml" })).rejects.toMatchObject({ field: "data_path", status: 404 });
  });
});

describe("the approved labels of several tasks", () => {
  async function approved(taskId: string, count: number, change: Partial<Snapshot> = {}) {
    const frames: FrameLabels[] = [];
    for (let frame = 0; frame < count; frame++) {
      const image_key = frameKeys(taskId, 1).image(frame * 25);
      await storage.put(image_key, `image ${taskId} ${frame * 25}`);
      frames.push({ frame: frame * 25, time: frame, image_key, width: 640, height: 480, status: "reviewed", version: 1, updated_by: "ann", updated_at: null, objects: [{ id: "a", class: "fly", box: [10, 10, 50, 50], keypoints: [], source: "person", confirmed: true }] });
    }
    const content = { task_id: taskId, round: 1, source: "builtin", approved_by: "bob", approved_at: "2026-01-01T00:00:00.000Z", classes: ["fly"], keypoints: [], frames, left_out: [7], allow_partial: true, ...change };
    const sha256 = snapshotHash(content);
    const key = labelKeys(taskId, 1).snapshotOf(sha256);
    await storage.put(key, JSON.stringify({ ...content, sha256 }));
    return { task_id: taskId, key, sha256 };
  }
  const [A, B, C] = ["00000000aaaa", "00000000bbbb", "00000000cccc"] as const;

  it("train together, with a whole video to validate on, and the split is kept", async () => {
    const snapshots = [await approved(A, 10), await approved(B, 4), await approved(C, 12)];
    const output = await load({ from: "tasks", snapshots });
    expect(output).toMatchObject({ train: 22, val: 4, boxes: 26, notes: [`Whole videos validate: ${B}.`] });
    const made = await manifest();
    expect(made).toMatchObject({ sources: snapshots.map(({ task_id: video, key, sha256 }) => ({ video, key, sha256 })), min_train_val_distance_s: null, counts: { reviewed: 26, left_out: 3, gap: 0, boxes_by_source: { person: 26 } } });
    expect(new Set(made.images.filter(({ split }) => split === "val").map(({ video }) => video))).toEqual(new Set([B]));
    for (const { image, video, frame, source_image } of made.images) {
      expect(source_image).toBe(frameKeys(video!, 1).image(frame));
      expect(await text(image)).toBe(`image ${video} ${frame}`);
    }
    expect(await storage.list(keys.data)).toHaveLength(52);

    // A split that a later version of this program would not make.
    const swapped = { ...made, images: made.images.map((image) => (image.video === A && image.frame === 0 ? { ...image, split: "val" as const } : image)) };
    await storage.put(keys.manifest, JSON.stringify(swapped));
    expect(await load({ from: "tasks", snapshots })).toMatchObject({ train: 21, val: 5 });
    expect(await storage.size(keys.image("val", 0, { of: A }))).not.toBeNull();
  });

  it("must be of the same things", async () => {
    const snapshots = [await approved(A, 5), await approved(B, 5, { classes: ["bee"] })];
    await expect(load({ from: "tasks", snapshots })).rejects.toMatchObject({ name: "InputError", field: "data_path", message: expect.stringContaining(B) as string });
  });

  it("must be what was approved", async () => {
    const one = await approved(A, 5);
    await expect(load({ from: "tasks", snapshots: [{ ...one, sha256: "0".repeat(64) }] })).rejects.toMatchObject({ field: "snapshot" });
  });
});
