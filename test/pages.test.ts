import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readJson } from "../adapters/storage/storage.ts";
import { createKeyStore } from "../api/keys.ts";
import type { FrameLabels, LabeledObject, Snapshot } from "../domain/labels.ts";
import { labelKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import { makeSample } from "../scripts/sample/make-sample.ts";
import { keepPicture, openPage, pictureOn, startBrowser } from "./browser.ts";
import { createLab, OTHER_QUEUES, type Lab } from "./lab.ts";

/**
 * A person's whole sitting in a real browser, against the real API, workflow and workers: submit a video, correct its labels, approve.
 * Nobody trains here: no worker takes that queue. The tests follow each other on the same task, as the person's steps do.
 */

const SIZE = { width: 640, height: 360 };
const KEYPOINTS = ["nose", "left ear", "tail base"];

let lab: Lab;
let browser: Browser;
let page: Page;
let errors: string[];
let video: string;
let taskId = "";
let frames: number[] = [];

beforeAll(async () => {
  lab = await createLab();
  browser = await startBrowser();
  ({ page, errors } = await openPage(browser));
  video = (await makeSample({ folder: join(lab.folder, "sample"), seconds: 4, animals: 2, ...SIZE })).video;
  await lab.startWorker([...OTHER_QUEUES, "inference"]);
});
afterAll(async () => {
  await browser?.close();
  await lab?.close();
});
afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await keepPicture(page, task.name.replaceAll(/\W+/g, "-"));
});

const labelsOf = (frame: number): Promise<FrameLabels> => lab.api.get<FrameLabels>(`/labeling/${taskId}/frames/${frame}`);
/** Until the server has what the page shows. */
const saved = async (frame: number, holds: (labels: FrameLabels) => boolean): Promise<void> => {
  await expect.poll(() => labelsOf(frame), { timeout: 15_000, interval: 100 }).toSatisfy(holds);
};
const press = (key: string) => page.keyboard.press(key);
const center = ({ box }: LabeledObject): [number, number] => [(box[0]! + box[2]!) / 2, (box[1]! + box[3]!) / 2];
const listsAnimals = async (count: number): Promise<void> => {
  await expect.poll(() => page.locator(".animals > .animal").count()).toBe(count);
};

/** A place of this size that no animal of the frame covers. */
function freePlace(objects: LabeledObject[], width: number, height: number): [number, number] {
  for (let y = 10; y + height < SIZE.height - 10; y += 10) {
    for (let x = 10; x + width < SIZE.width - 10; x += 10) {
      if (objects.every(({ box }) => x > box[2]! + 10 || x + width < box[0]! - 10 || y > box[3]! + 25 || y + height < box[1]! - 25)) return [x, y];
    }
  }
  throw new Error("the animals cover the whole frame");
}

describe("the pages", () => {
  test("a path that may not be read is refused at its field, and a good one starts a task", async () => {
    await page.goto(`${lab.apiUrl}/`);
    await page.getByLabel("Video").fill("/nowhere/at/all.mp4");
    await page.getByLabel("Your name").fill("ada");
    await page.getByLabel("Project").fill("open field");
    await page.getByLabel("Classes").fill("mouse");
    await page.getByLabel("Keypoints").fill(KEYPOINTS.join(", "));
    await page.getByLabel("Number of animals").fill("2");
    await page.getByLabel("Frames to label").fill("4");
    await page.getByRole("button", { name: "Start the task" }).click();
    const field = page.getByLabel("Video");
    await page.locator("#new-file_path-error").waitFor();
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    expect(await page.locator("#new-file_path-error").textContent()).toContain("allowed");
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);

    await field.fill(video);
    expect(await page.locator(".field-error").count()).toBe(0);
    await page.getByText("More settings").click();
    await page.getByLabel("Skeleton lines").fill("nose - left ear, nose - tail base");
    await page.getByRole("button", { name: "Start the task" }).click();
    await page.waitForURL(/\/task\/[0-9a-z]{12}$/);
    taskId = page.url().slice(-12);
    const { settings } = await lab.api.get<TaskState>(`/status/${taskId}`);
    expect(settings).toMatchObject({ file_path: video, user_id: "ada", keypoints: KEYPOINTS, skeleton: [[0, 1], [0, 2]], num_animals: 2, num_frames: 4 });
  });

  test("the task's page follows the steps until the labels wait for a person", async () => {
    await page.getByRole("link", { name: "Label now" }).waitFor({ timeout: 120_000 });
    expect(await page.locator(".step-completed .step-name").allTextContents()).toEqual(["Download", "Frame extraction", "Pre-labels"]);
    expect(await page.locator(".timeline .event-name").allTextContents()).toEqual(expect.arrayContaining(["task.created", "frames.extracted", "labeling.requested"]));
    await page.getByRole("link", { name: "Label now" }).click();
    await page.waitForURL(`**/label/${taskId}*`);
    frames = (await lab.api.get<{ frames: { frame: number }[] }>(`/labeling/${taskId}/frames`)).frames.map((row) => row.frame);
    expect(frames).toHaveLength(4);
    await pictureOn(page).shows(frames[0]!);
  });

  test("pre-labels are there; a box is moved and resized, and both are saved", async () => {
    const picture = pictureOn(page);
    const before = await labelsOf(frames[0]!);
    expect(before.objects.length).toBeGreaterThan(0);
    expect(before.objects.every((object) => !object.confirmed && object.source === "motion")).toBe(true);
    await listsAnimals(before.objects.length);
    expect(await page.locator(".animal-source").first().textContent()).toBe("pre-label");

    const [object] = before.objects as [LabeledObject];
    const [x, y] = center(object);
    const dx = x < SIZE.width / 2 ? 30 : -30;
    await picture.drag([x, y], [x + dx, y]);
    await saved(frames[0]!, (labels) => labels.version === 1 && labels.status === "prelabeled");
    const moved = (await labelsOf(frames[0]!)).objects.find(({ id }) => id === object.id)!;
    expect(moved).toMatchObject({ source: "person", confirmed: true });
    object.box.forEach((value, i) => expect(Math.abs(moved.box[i]! - value - (i % 2 === 0 ? dx : 0))).toBeLessThan(1.5));

    // It is selected now, with handles: the corner at the lower right.
    await picture.drag([moved.box[2]!, moved.box[3]!], [moved.box[2]! - 8, moved.box[3]! - 6]);
    await saved(frames[0]!, (labels) => labels.version === 2);
    const smaller = (await labelsOf(frames[0]!)).objects.find(({ id }) => id === object.id)!;
    [0, 0, -8, -6].forEach((change, i) => expect(Math.abs(smaller.box[i]! - moved.box[i]! - change)).toBeLessThan(1.5));
  });

  test("the page changes to Korean and back where it stands, and the choice outlives a reload", async () => {
    const language = page.locator("select.language");
    const selected = page.locator(".animal-selected");
    expect(await selected.count()).toBe(1);
    await language.selectOption("ko");
    await page.getByRole("button", { name: "확인 후 다음" }).waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe("ko");
    expect(await selected.count()).toBe(1);
    // The keys act on the frame again, not on the switch.
    await press("?");
    await page.getByRole("dialog", { name: "단축키" }).waitFor();
    expect(await page.getByRole("dialog").textContent()).toContain("Delete 또는 X");
    await press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });

    await page.reload();
    await pictureOn(page).shows(frames[0]!);
    await page.getByText("모두 저장됨").waitFor();
    await language.selectOption("en");
    await page.getByText("All saved").waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
  });

  test("in Korean, the start page and the task's page show no English word of ours", async () => {
    const label = page.url();
    const language = page.locator("select.language");
    await language.selectOption("ko");
    // Names that people gave, paths and ids, names of events and settings' values stay as they are.
    const named = /^(open|field|ada|nose|left|ear|tail|base|mouse|default|GPU|IoU|auto|automatic|motion|none|scratch|cpu|mps|cuda|micro|pt|http|Actverse|English|fps|[KMG]?B|[nsm])$/;
    const english = async (): Promise<string[]> => {
      const text = await page.evaluate(() => {
        const { body } = document;
        const given = [...body.querySelectorAll("code, .file-path, .event-name, .crumbs > :last-child")].reduce((all, element) => all.replace(element.textContent, " "), body.innerText);
        return [given, ...[...body.querySelectorAll("[aria-label], [title]")].flatMap((element) => [element.getAttribute("aria-label") ?? "", element.getAttribute("title") ?? ""])].join(" ");
      });
      return (text.replaceAll(taskId, " ").replaceAll(/\S*\/\S*/g, " ").match(/[A-Za-z]+/g) ?? []).filter((word) => !named.test(word));
    };
    await page.goto(`${lab.apiUrl}/task/${taskId}`);
    await page.getByRole("link", { name: "라벨링하기" }).waitFor();
    await page.getByText("대기 중: 라벨링과 승인 (프레임 4개)").waitFor();
    expect(await english()).toEqual([]);
    await page.goto(`${lab.apiUrl}/`);
    await page.getByRole("link", { name: "라벨링하기" }).waitFor();
    await page.getByText("추가 설정").click();
    await page.getByLabel("겹침 기준 IoU").waitFor();
    expect(await english()).toEqual([]);

    await language.selectOption("en");
    await page.goto(label);
    await pictureOn(page).shows(frames[0]!);
  });

  test("a new animal is drawn, its keypoints placed by clicks, undone, redone, deleted", async () => {
    const picture = pictureOn(page);
    const before = await labelsOf(frames[0]!);
    const [x, y] = freePlace(before.objects, 60, 40);
    await picture.drag([x, y], [x + 60, y + 40]);
    await page.getByText("Click:").waitFor();
    expect(await page.locator(".tool-hint").textContent()).toContain("nose (1 of 3)");
    await picture.click(x + 10, y + 10);
    await page.keyboard.down("Shift");
    await picture.click(x + 20, y + 15);
    await page.keyboard.up("Shift");
    await press("Escape");
    await saved(frames[0]!, (labels) => labels.objects.length === before.objects.length + 1 && labels.objects.at(-1)!.keypoints[1]![2] === 1);
    const drawn = (await labelsOf(frames[0]!)).objects.at(-1)!;
    expect(drawn).toMatchObject({ class: "mouse", source: "person", confirmed: true });
    [x, y, x + 60, y + 40].forEach((value, i) => expect(Math.abs(drawn.box[i]! - value)).toBeLessThan(1.5));
    expect(drawn.keypoints.map((keypoint) => keypoint[2])).toEqual([2, 1, 0]);
    expect(Math.hypot(drawn.keypoints[0]![0]! - x - 10, drawn.keypoints[0]![1]! - y - 10)).toBeLessThan(1.5);

    // Its last keypoint anew, from the list beside the picture; then nearer by two pixels with the keys.
    await page.getByRole("button", { name: "tail base", exact: true }).click();
    await picture.click(x + 50, y + 20);
    await press("Shift+ArrowRight");
    await press("Shift+ArrowRight");
    await saved(frames[0]!, (labels) => Math.abs(labels.objects.at(-1)!.keypoints[2]![0]! - x - 52) < 1.5);
    await press("v");
    await saved(frames[0]!, (labels) => labels.objects.at(-1)!.keypoints[2]![2] === 1);

    await press("Delete");
    await saved(frames[0]!, (labels) => labels.objects.length === before.objects.length);
    await press("Control+z");
    await saved(frames[0]!, (labels) => labels.objects.length === before.objects.length + 1);
    await press("Control+Shift+z");
    await saved(frames[0]!, (labels) => labels.objects.length === before.objects.length);
    await press("Control+z");
    await saved(frames[0]!, (labels) => labels.objects.length === before.objects.length + 1);
  });

  test("one key confirms a frame and goes on; its animals are looked for in the next one; a reload keeps everything", async () => {
    const picture = pictureOn(page);
    await press("n");
    await press("Enter");
    await picture.shows(frames[1]!);
    await saved(frames[0]!, (labels) => labels.status === "reviewed");
    const first = await labelsOf(frames[0]!);
    expect(first.objects.every((object) => object.confirmed)).toBe(true);
    const tracks = first.objects.map(({ track }) => track);
    expect(tracks).toEqual(["1", "2", "3"]);
    await saved(frames[1]!, (labels) => JSON.stringify(labels.objects.map(({ track }) => track)) === JSON.stringify(tracks) && labels.objects.every((object) => !object.confirmed));

    await page.reload();
    await picture.shows(frames[1]!);
    await listsAnimals(first.objects.length);
    expect(await page.locator(".animal-source").first().textContent()).toBe("taken over");
    expect(await page.getByText("1 of 4 reviewed").count()).toBe(1);
    expect(await page.locator(".film-reviewed").count()).toBe(1);
    // From here on by hand; the choice outlives the page.
    await page.getByLabel("Take animals over to the next frame").uncheck();
    await page.reload();
    await picture.shows(frames[1]!);
    expect(await page.getByLabel("Take animals over to the next frame").isChecked()).toBe(false);
    await press("Enter");
    await saved(frames[1]!, (labels) => labels.status === "reviewed");
    await picture.shows(frames[2]!);
    expect(await labelsOf(frames[2]!)).toMatchObject({ version: 0 });
  });

  test("a change made in another window is shown, not overwritten; ours can be put back", async () => {
    const picture = pictureOn(page);
    const frame = frames[2]!;
    await picture.shows(frame);
    const { version, objects } = await labelsOf(frame);
    const [kept] = objects as [LabeledObject];
    // In the moment between what the page knows and what it saves: the page asks for news every few seconds only.
    await page.route(`**/labeling/${taskId}/frames`, (route) => route.abort());
    await lab.api.send("PUT", `/labeling/${taskId}/frames/${frame}`, { version, reviewed: false, objects: [] });
    const [x, y] = center(kept);
    const dx = x < SIZE.width / 2 ? 15 : -15;
    await picture.drag([x, y], [x + dx, y]);
    await page.getByText("changed frame").waitFor();
    await listsAnimals(0);
    expect(await labelsOf(frame)).toMatchObject({ version: version + 1, objects: [] });
    await page.getByRole("button", { name: "Put mine back" }).click();
    await saved(frame, (labels) => labels.version === version + 2 && labels.objects.length === objects.length && Math.abs(labels.objects.find(({ id }) => id === kept.id)!.box[0]! - kept.box[0]! - dx) < 1.5);
    await page.unroute(`**/labeling/${taskId}/frames`);
  });

  test("while the server cannot be reached nothing is lost, and the page says so", async () => {
    const frame = frames[2]!;
    const { objects } = await labelsOf(frame);
    await page.route(`**/labeling/${taskId}/frames/*`, (route) => (route.request().method() === "PUT" ? route.abort() : route.continue()));
    await press("e");
    await press("Delete");
    await page.getByText("Your last changes are not saved yet.").waitFor();
    expect((await labelsOf(frame)).objects).toHaveLength(objects.length);
    const asked = page.waitForEvent("dialog");
    const leaving = page.evaluate(() => location.reload());
    const dialog = await asked;
    expect(dialog.type()).toBe("beforeunload");
    await dialog.dismiss();
    await leaving;
    await page.unroute(`**/labeling/${taskId}/frames/*`);
    await saved(frame, (labels) => labels.objects.length === objects.length - 1);
    await page.getByText("All saved").waitFor();
    await press("Control+z");
    await saved(frame, (labels) => labels.objects.length === objects.length);
  });

  test("a frame goes back to the labelers with a comment, which its next confirmation answers", async () => {
    const picture = pictureOn(page);
    await press("ArrowLeft");
    await picture.shows(frames[1]!);
    await page.getByRole("button", { name: "Send back with a comment" }).click();
    await page.getByLabel("Comment").fill("The tail is somewhere else.");
    await page.getByRole("button", { name: "Send back", exact: true }).click();
    await page.getByText("The tail is somewhere else.").first().waitFor();
    expect(await labelsOf(frames[1]!)).toMatchObject({ status: "prelabeled", comment: "The tail is somewhere else." });
    await press("Enter");
    await saved(frames[1]!, (labels) => labels.status === "reviewed");
    expect((await labelsOf(frames[1]!)).comment).toBeUndefined();
  });

  test("the keys are listed, and approval takes exactly the reviewed frames", async () => {
    await press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await press("Escape");
    await page.getByRole("dialog", { name: "Keys" }).waitFor({ state: "hidden" });

    await page.getByRole("button", { name: "Approve…" }).click();
    await page.getByText("2 frames not reviewed").waitFor();
    await page.getByRole("button", { name: "Approve 2 of 4 frames" }).click();
    await page.getByRole("link", { name: "Watch the task" }).waitFor();
    await lab.stepIs(taskId, "labeling", "completed");
    const snapshot = await readJson<Snapshot>(lab.storage, labelKeys(taskId, 1).snapshot);
    expect(snapshot.frames.map(({ frame }) => frame)).toEqual([frames[0], frames[1]]);
    expect(snapshot.left_out).toEqual([frames[2], frames[3]]);
    expect(snapshot.frames.map(({ objects }) => objects)).toEqual([(await labelsOf(frames[0]!)).objects, (await labelsOf(frames[1]!)).objects]);

    // From now on the page only shows.
    await page.keyboard.press("Escape");
    await page.getByText("This task is not waiting for labels now.").waitFor({ timeout: 20_000 });
    await press("Delete");
    expect(await page.getByRole("button", { name: "Approve…" }).isDisabled()).toBe(true);
  });

  test("the task is cancelled from its page", async () => {
    await page.goto(`${lab.apiUrl}/task/${taskId}`);
    page.once("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator(".task-head .badge-cancelled").waitFor({ timeout: 30_000 });
    await page.goto(`${lab.apiUrl}/`);
    await page.getByRole("link", { name: "open field" }).waitFor();
    expect(await page.locator(".task-row .badge").allTextContents()).toEqual(["cancelled"]);
  });

  test("once there is a key, the pages ask for it, also in the middle of the work", async () => {
    await page.goto(`${lab.apiUrl}/`);
    await page.getByRole("heading", { name: "Tasks" }).waitFor();
    const { token } = await createKeyStore({ storage: lab.storage }).add({ userId: "ada", admin: false });
    const key = page.getByLabel("API key");
    await key.waitFor({ timeout: 20_000 });
    await key.fill("av_wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This API key is not known.").waitFor();
    await key.fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await key.waitFor({ state: "hidden" });
    // A change needs more than the cookie: the token against forged requests goes along.
    await page.getByLabel("Video").fill("/nowhere/at/all.mp4");
    await page.getByRole("button", { name: "Start the task" }).click();
    await page.locator("#new-file_path-error").waitFor();
    await page.reload();
    await page.getByRole("link", { name: "open field" }).waitFor();
    expect(await page.getByLabel("Your name").count()).toBe(0);
    await page.getByRole("button", { name: "Sign out" }).click();
    await key.waitFor();
    expect(await page.getByRole("link", { name: "open field" }).count()).toBe(0);
  });

  test("what an ended task has made is deleted from its page", async () => {
    const { token } = await createKeyStore({ storage: lab.storage }).add({ userId: "operator", admin: true });
    // The API reads the keys every few seconds.
    await expect.poll(async () => (await fetch(`${lab.apiUrl}/tasks/`, { headers: { authorization: `Bearer ${token}` } })).status, { timeout: 20_000 }).toBe(200);
    await page.goto(`${lab.apiUrl}/task/${taskId}`);
    await page.getByLabel("API key").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Delete" }).waitFor();
    page.once("dialog", (dialog) => void dialog.accept());
    // The page asks again where the first question afterwards fails.
    await page.route(`**/status/${taskId}`, (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ type: "about:blank", title: "Service Unavailable", status: 503, detail: "Temporal does not answer", what_to_do: "wait" }) }), { times: 1 });
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByText("What this task had made was deleted on").waitFor();
    expect(await page.getByRole("button", { name: "Delete" }).count()).toBe(0);
    expect(await lab.storage.list(`videos/${taskId}/`)).toEqual([]);
    await page.goto(`${lab.apiUrl}/`);
    await page.getByRole("heading", { name: "Tasks" }).waitFor();
    expect(await page.getByRole("link", { name: "open field" }).count()).toBe(0);
  });

  test("no script failed and the content security policy refused nothing", () => {
    expect(errors).toEqual([]);
  });
});
