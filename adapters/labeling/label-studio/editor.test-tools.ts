import type { Page } from "playwright-core";
import { keepPicture } from "../../../test/browser.ts";
import type { LabelStudioServer } from "../../../test/label-studio-server.ts";

/**
 * What a labeler does in Label Studio's editor with the first frame, 640 x 480: a box from (200, 200) to (500, 400) of animal 7, its first
 * keypoint at (300, 300), hidden and nested under the box; then Approved and Submit.
 */
export async function drawInEditor(page: Page, { server, url }: { server: LabelStudioServer; url: string }): Promise<void> {
  const { email, password } = await server.person("owner@lab.example");
  await page.goto(`${server.url}/user/login/`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await Promise.all([page.waitForURL((address) => !address.pathname.includes("login")), page.click("button[type=submit]")]);
  await page.goto(`${url}?task=${await firstTask(page, url)}`);
  const rows = page.locator(".lsf-tree-treenode, .rc-tree-treenode");
  await page.getByRole("button", { name: "Submit" }).waitFor({ timeout: 60_000 });
  await rows.filter({ hasText: "fly" }).first().waitFor({ timeout: 60_000 });

  const canvas = page.locator("canvas").first();
  const place = async (x: number, y: number): Promise<[number, number]> => {
    const edge = (await canvas.boundingBox())!;
    const scale = Math.min(edge.width / 640, edge.height / 480);
    return [edge.x + x * scale, edge.y + y * scale];
  };
  const rowOf = (text: string) => rows.filter({ hasText: text }).last();

  await page.getByText("fly", { exact: true }).first().click();
  await page.mouse.move(...(await place(200, 200)));
  await page.mouse.down();
  await page.mouse.move(...(await place(350, 300)), { steps: 5 });
  await page.mouse.move(...(await place(500, 400)), { steps: 5 });
  await page.mouse.up();
  await rows.filter({ hasText: "fly" }).nth(1).waitFor();
  await rowOf("fly").click();
  await page.getByPlaceholder("Which animal").fill("7");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");

  await page.getByText("head", { exact: true }).first().click();
  await page.keyboard.down("Control");
  await page.mouse.click(...(await place(300, 300)));
  await page.keyboard.up("Control");
  await rowOf("head").waitFor();
  await page.keyboard.press("Escape");
  await rowOf("head").click();
  await page.getByText("Occluded").first().click();

  await nest(page, await boxOf(rowOf("head")), await boxOf(rowOf("fly")));
  await page.getByText("Approved").first().click();
  await keepPicture(page, "label-studio");
  const [saved] = await Promise.all([page.waitForResponse((response) => response.request().method() === "POST" && /\/api\/tasks\/\d+\/annotations/.test(response.url())), page.getByRole("button", { name: "Submit" }).click()]);
  if (!saved.ok()) throw new Error(`Label Studio does not take the annotation: ${saved.status()} ${await saved.text()}`);
}

async function firstTask(page: Page, url: string): Promise<number> {
  const project = Number(/projects\/(\d+)/.exec(url)![1]);
  return await page.evaluate(async (id) => ((await (await fetch(`/api/tasks?project=${id}`)).json()) as { tasks: { id: number }[] }).tasks[0]!.id, project);
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
const boxOf = async (row: { boundingBox(): Promise<Box | null> }): Promise<Box> => (await row.boundingBox())!;

/** Drags one row of the list of regions onto another. */
async function nest(page: Page, from: Box, to: Box): Promise<void> {
  await page.mouse.move(from.x + 80, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(from.x + 90, from.y + from.height / 2 - 6, { steps: 4 });
  await page.mouse.move(to.x + 110, to.y + to.height / 2, { steps: 10 });
  await page.mouse.move(to.x + 112, to.y + to.height / 2 + 2, { steps: 3 });
  await page.waitForTimeout(300);
  await page.mouse.up();
}
