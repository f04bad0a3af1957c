import { AxeBuilder } from "@axe-core/playwright";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readJson } from "../adapters/storage/storage.ts";
import { createKeyStore } from "../api/keys.ts";
import type { FrameLabels, Snapshot } from "../domain/labels.ts";
import { labelKeys } from "../domain/layout.ts";
import { until } from "../scripts/child.ts";
import { createApiClient, type ApiClient } from "../cli/client.ts";
import { makeSample } from "../scripts/sample/make-sample.ts";
import { keepPicture, openPage, pictureOn, startBrowser } from "./browser.ts";
import { fingersOn } from "./fingers.ts";
import { createLab, OTHER_QUEUES, type Lab } from "./lab.ts";

/**
 * Two people with keys of their own label and review one task, with mouse, keys and fingers. Ada owns it, Bob may label it, Eve may not.
 * The tests follow each other on the same task, as the people's steps do.
 */

const SIZE = { width: 640, height: 360 };
let lab: Lab;
let browser: Browser;
let ada: Page;
let bob: Page;
let api: ApiClient;
const errors: string[][] = [];
const tokens: Record<string, string> = {};
let taskId = "";
let frames: number[] = [];

beforeAll(async () => {
  lab = await createLab();
  browser = await startBrowser();
  const { video } = await makeSample({ folder: join(lab.folder, "sample"), seconds: 4, animals: 2, ...SIZE });
  await lab.startWorker([...OTHER_QUEUES, "inference"]);
  const keys = createKeyStore({ storage: lab.storage });
  for (const userId of ["ada", "bob", "eve"]) tokens[userId] = (await keys.add({ userId, admin: false })).token;
  api = createApiClient({ url: lab.apiUrl, token: tokens["ada"]! });
  const made = await api.send<{ task_id: string }>("POST", "/tasks/", {
    file_path: video, user_id: "ada", project: "two people", classes: ["mouse"], keypoints: ["nose", "tail base", "left ear"], skeleton: [[0, 1]], num_animals: 2, num_frames: 5,
    labeling: { people: ["bob"], reviewer_not_labeler: true },
  });
  taskId = made.task_id;
  await until("the labels to be waited for", 120, async () => (await api.get<{ waiting: boolean }>(`/labeling/${taskId}`)).waiting);
  frames = (await api.get<{ frames: { frame: number }[] }>(`/labeling/${taskId}/frames`)).frames.map((row) => row.frame);
  ada = await signedIn("ada");
  bob = await signedIn("bob");
});
afterAll(async () => {
  await browser?.close();
  await lab?.close();
});
afterEach(async ({ task }) => {
  if (task.result?.state !== "fail") return;
  await keepPicture(ada, `ada-${task.name.replaceAll(/\W+/g, "-")}`);
  await keepPicture(bob, `bob-${task.name.replaceAll(/\W+/g, "-")}`);
});

async function signedIn(userId: string, context?: BrowserContext): Promise<Page> {
  const opened = await openPage(browser, context === undefined ? {} : { context });
  errors.push(opened.errors);
  await opened.page.goto(`${lab.apiUrl}/label/${taskId}#${frames[0]}`);
  await opened.page.getByLabel("API key").fill(tokens[userId]!);
  await opened.page.getByRole("button", { name: "Sign in" }).click();
  return opened.page;
}
const labelsOf = (frame: number): Promise<FrameLabels> => api.get<FrameLabels>(`/labeling/${taskId}/frames/${frame}`);
const saved = async (frame: number, holds: (labels: FrameLabels) => boolean): Promise<void> => {
  await expect.poll(() => labelsOf(frame), { timeout: 15_000, interval: 100 }).toSatisfy(holds);
};
const seriousOn = async (page: Page): Promise<string[]> => {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ").slice(0, 500)}`);
};

describe("one task, two people", () => {
  test("both see that the other is there, and at which frame; somebody else does not see the task", async () => {
    await pictureOn(ada).shows(frames[0]!);
    await ada.getByRole("list", { name: "Also here" }).getByText("bob").waitFor();
    await bob.getByText("ada is at this frame too").waitFor();
    await bob.keyboard.press("ArrowRight");
    await ada.getByRole("button", { name: `bob · ${frames[1]}` }).waitFor();
    await ada.locator('.film-person[data-who="bob"]').waitFor();
    const eve = createApiClient({ url: lab.apiUrl, token: tokens["eve"]! });
    await expect(eve.get(`/labeling/${taskId}/frames`)).rejects.toMatchObject({ status: 404 });
    const other = createApiClient({ url: lab.apiUrl, token: tokens["bob"]! });
    await expect(other.send("POST", `/tasks/${taskId}/cancel`, {})).rejects.toMatchObject({ status: 404 });
  });

  test("identities are given by number and exchanged; a box is drawn anew around its keypoints", async () => {
    const picture = pictureOn(ada);
    const [first] = (await labelsOf(frames[0]!)).objects;
    await ada.keyboard.press("n");
    await ada.keyboard.press("e");
    await ada.keyboard.press("2");
    await expect.poll(async () => (await labelsOf(frames[0]!)).objects.map(({ track }) => track)).toEqual(["2", "1"]);
    const box = first!.box as [number, number, number, number];
    await ada.keyboard.press("r");
    await picture.drag([Math.max(2, box[0] - 5), Math.max(2, box[1] - 4)], [Math.min(SIZE.width - 2, box[2] + 6), Math.min(SIZE.height - 2, box[3] + 3)]);
    await saved(frames[0]!, ({ objects }) => objects[0]!.source === "person" && objects[0]!.confirmed && Math.abs(objects[0]!.box[2]! - Math.min(SIZE.width - 2, box[2] + 6)) < 1.5 && objects[0]!.id === first!.id);
  });

  test("after two keypoints the rest lies as in the animal before", async () => {
    const picture = pictureOn(ada);
    const { objects } = await labelsOf(frames[0]!);
    const middle = (index: number): [number, number] => [(objects[index]!.box[0]! + objects[index]!.box[2]!) / 2, (objects[index]!.box[1]! + objects[index]!.box[3]!) / 2];
    const [x, y] = middle(0);
    await ada.keyboard.press("Escape");
    await ada.keyboard.press("e");
    await ada.keyboard.press("k");
    for (const [dx, dy] of [[-10, 0], [10, 0], [-10, 10]] as const) await picture.click(x + dx, y + dy);
    await saved(frames[0]!, (labels) => labels.objects[0]!.keypoints.every((keypoint) => keypoint[2] === 2));
    const [u, v] = middle(1);
    await ada.keyboard.press("e");
    await ada.keyboard.press("k");
    // A quarter turn: nose above, tail below.
    for (const [dx, dy] of [[0, -10], [0, 10]] as const) await picture.click(u + dx, v + dy);
    await ada.keyboard.press("g");
    await saved(frames[0]!, (labels) => labels.objects[1]!.keypoints[2]![2] === 2);
    const laid = (await labelsOf(frames[0]!)).objects[1]!.keypoints[2]!;
    expect(Math.hypot(laid[0]! - u + 10, laid[1]! - v + 10)).toBeLessThan(3);
  });

  test("frames between two places of an animal are filled, one undo takes them back", async () => {
    await ada.getByLabel("Take animals over to the next frame").uncheck();
    await ada.keyboard.press("End");
    await pictureOn(ada).shows(frames[4]!);
    await ada.keyboard.press("e");
    await ada.keyboard.press("i");
    await ada.getByText("Give the animal an identity first").waitFor();
    await ada.keyboard.press("2");
    await ada.keyboard.press("Shift+ArrowLeft");
    await ada.keyboard.press("i");
    await ada.getByText("Filled 3 frames in between").waitFor();
    await saved(frames[4]!, ({ objects }) => objects.some(({ track }) => track === "2"));
    const [begin, end] = [await labelsOf(frames[0]!), await labelsOf(frames[4]!)];
    const placeOf = (labels: FrameLabels): number => labels.objects.find(({ track }) => track === "2")!.box[0]!;
    for (const frame of frames.slice(1, 4)) await saved(frame, ({ objects }) => objects.some(({ track, confirmed }) => track === "2" && !confirmed));
    const between = await labelsOf(frames[2]!);
    const share = (between.time - begin.time) / (end.time - begin.time);
    expect(Math.abs(placeOf(between) - (placeOf(begin) + share * (placeOf(end) - placeOf(begin))))).toBeLessThan(1);
    await ada.keyboard.press("Control+z");
    for (const frame of frames.slice(1, 4)) await saved(frame, ({ objects }) => objects.every(({ track }) => track === undefined));
  });

  test("the picture is made lighter, the labels are hidden, and both come back", async () => {
    const filter = () => ada.locator(".canvas canvas").first().evaluate((canvas) => (canvas as HTMLElement).style.filter);
    await ada.keyboard.press("]");
    await ada.keyboard.press("{");
    expect(await filter()).toBe("brightness(1.2) contrast(0.8)");
    await ada.keyboard.press("\\");
    expect(await filter()).toBe("");
    await ada.keyboard.press("Shift+H");
    await ada.getByRole("button", { name: "Show labels" }).click();
    await ada.getByRole("button", { name: "Hide labels" }).waitFor();
  });

  test("what one saves the other sees; a frame sent back with a comment reaches who labels", async () => {
    await ada.keyboard.press("Home");
    await pictureOn(ada).shows(frames[0]!);
    for (const frame of frames) {
      await pictureOn(ada).shows(frame);
      await ada.keyboard.press("Enter");
      await saved(frame, ({ status, updated_by }) => status === "reviewed" && updated_by === "ada");
    }
    await bob.getByText("5 of 5 reviewed").waitFor();
    await bob.keyboard.press("Home");
    await pictureOn(bob).shows(frames[0]!);
    await bob.keyboard.press("m");
    await bob.getByLabel("Comment").fill("Nose and tail are the wrong way round.");
    await bob.getByRole("button", { name: "Send back", exact: true }).click();
    await ada.getByText("4 of 5 reviewed").waitFor();
    await ada.keyboard.press("Home");
    await ada.getByText("Nose and tail are the wrong way round.").first().waitFor();
    await ada.keyboard.press("Enter");
    await saved(frames[0]!, ({ status }) => status === "reviewed");
    expect(await labelsOf(frames[0]!)).not.toHaveProperty("comment");
  });

  test("axe finds nothing serious: labeling in light and dark, keys, task and start page", async () => {
    await ada.keyboard.press("e");
    expect(await seriousOn(ada)).toEqual([]);
    await ada.keyboard.press("?");
    await ada.getByRole("dialog", { name: "Keys" }).waitFor();
    expect(await seriousOn(ada)).toEqual([]);
    await ada.keyboard.press("Escape");
    await ada.emulateMedia({ colorScheme: "dark" });
    expect(await seriousOn(ada)).toEqual([]);
    await ada.emulateMedia({ colorScheme: "light" });
    for (const path of [`/task/${taskId}`, "/"]) {
      await ada.goto(`${lab.apiUrl}${path}`);
      await ada.getByRole("link", { name: "two people" }).or(ada.getByRole("heading", { name: "two people" })).first().waitFor();
      expect(await seriousOn(ada), path).toEqual([]);
    }
  });

  test("with fingers: a box is drawn, keypoints are placed, one of them occluded; two fingers zoom and change nothing", async () => {
    const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, hasTouch: true, isMobile: true });
    const tablet = await signedIn("bob", context);
    const picture = pictureOn(tablet);
    await picture.shows(frames[0]!);
    const fingers = await fingersOn(tablet);
    const before = await labelsOf(frames[0]!);
    const place = (x: number, y: number) => picture.place(x, y);

    const scale = () => tablet.locator(".canvas").evaluate((canvas) => Number((canvas as HTMLElement).dataset["scale"]));
    const small = await scale();
    // The first finger lands on an animal and would drag it.
    const [x1, y1, x2, y2] = before.objects[0]!.box as [number, number, number, number];
    await fingers.pinch(await place((x1 + x2) / 2, (y1 + y2) / 2), 60, 180);
    expect(await scale()).toBeGreaterThan(small * 2);
    await tablet.getByRole("button", { name: "Fit", exact: true }).tap();
    await tablet.waitForTimeout(600);
    expect((await labelsOf(frames[0]!)).version).toBe(before.version);

    await tablet.getByRole("button", { name: "New box" }).tap();
    await fingers.drag(await place(200, 100), await place(260, 150));
    await tablet.getByRole("button", { name: "Occluded" }).waitFor();
    await fingers.tap(await place(210, 110));
    await tablet.getByRole("button", { name: "Occluded" }).tap();
    await fingers.tap(await place(250, 140));
    await tablet.getByRole("button", { name: "Skip" }).tap();
    await saved(frames[0]!, ({ objects }) => objects.length === before.objects.length + 1 && objects.at(-1)!.keypoints.map((keypoint) => keypoint[2]).join() === "2,1,0");
    const drawn = (await labelsOf(frames[0]!)).objects.at(-1)!;
    [200, 100, 260, 150].forEach((value, i) => expect(Math.abs(drawn.box[i]! - value)).toBeLessThan(2));
    await tablet.getByRole("button", { name: "Undo" }).tap();
    await saved(frames[0]!, ({ objects }) => objects.at(-1)!.keypoints.map((keypoint) => keypoint[2]).join() === "2,0,0");
    await tablet.getByRole("button", { name: /^Delete animal 3/ }).tap();
    await saved(frames[0]!, ({ objects }) => objects.length === before.objects.length);
    expect(await seriousOn(tablet)).toEqual([]);
    await context.close();
  });

  test("who labeled may not approve; the other may, and their name is on the snapshot", async () => {
    await ada.goto(`${lab.apiUrl}/label/${taskId}`);
    await ada.getByRole("button", { name: "Approve…", exact: true }).click();
    await ada.getByText("this task wants somebody else to approve them").waitFor();
    expect(await ada.getByRole("button", { name: /^Approve \d frames/ }).isDisabled()).toBe(true);
    await expect(api.send("POST", `/labeling/${taskId}/approve`, {})).rejects.toMatchObject({ status: 422 });

    // The frame that Bob's fingers touched is his; Ada confirms it anew.
    const { version, objects } = await labelsOf(frames[0]!);
    await api.send("PUT", `/labeling/${taskId}/frames/${frames[0]}`, { version, reviewed: true, objects });
    await bob.getByText("5 of 5 reviewed").waitFor();
    await bob.keyboard.press("Control+Enter");
    await bob.getByRole("button", { name: "Approve 5 frames" }).click();
    await bob.getByRole("link", { name: "Watch the task" }).waitFor();
    await expect.poll(() => api.get<{ status: string }>(`/labeling/${taskId}`), { timeout: 60_000 }).toMatchObject({ status: "COMPLETED" });
    expect(await readJson<Snapshot>(lab.storage, labelKeys(taskId, 1).snapshot)).toMatchObject({ approved_by: "bob", frames: frames.map((frame) => ({ frame, updated_by: "ada" })) });
  });

  test("no script failed and the content security policy refused nothing", () => {
    expect(errors.flat()).toEqual([]);
  });
});
