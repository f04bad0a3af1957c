import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKeyStore } from "../api/keys.ts";
import { startLab, type Lab } from "../api/lab.test-suite.ts";
import { openPage, startBrowser } from "./browser.ts";

/** The page to try the API on, in a real browser, under our content security policy. */

let lab: Lab;
let browser: Browser;
let url: string;
beforeAll(async () => {
  lab = await startLab();
  browser = await startBrowser();
  const app = await lab.app();
  url = await app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});

test("the page shows every operation, and calls it with what is typed in", async () => {
  const { page, errors } = await openPage(browser);
  await page.goto(`${url}/docs`);
  await page.locator(".opblock").first().waitFor();
  expect(await page.locator(".opblock").count()).toBeGreaterThan(30);

  const create = page.locator("#operations-tasks-createTask");
  await create.locator(".opblock-summary").click();
  // The example of the body is there to begin with.
  const body = create.locator("textarea.body-param__text");
  expect(JSON.parse(await body.inputValue())).toMatchObject({ file_path: "/videos/cage7.mp4", user_id: "ada" });
  await create.locator(".execute").click();
  const answer = create.locator(".live-responses-table .response").first();
  await answer.waitFor();
  expect(await answer.locator(".response-col_status").innerText()).toMatch(/^400/);
  expect(await answer.innerText()).toContain("file_path");
  await body.fill(JSON.stringify(lab.body));
  await create.locator(".execute").click();
  await create.locator(".live-responses-table .response-col_status", { hasText: "201" }).waitFor();
  expect(await answer.innerText()).toContain("status_url");
  expect(errors).toEqual([]);
});

test("a key that is given under Authorize is sent", async () => {
  const { token } = await createKeyStore({ storage: lab.storage }).add({ userId: "ada", admin: false });
  const app = await lab.app();
  const guarded = await app.listen({ host: "127.0.0.1", port: 0 });
  // Who has no session is not shown the page.
  expect((await fetch(`${guarded}/docs`)).status).toBe(401);
  const context = await browser.newContext();
  const signedIn = await context.request.post(`${guarded}/session`, { data: { api_key: token } });
  expect(signedIn.status()).toBe(200);
  const { page, errors } = await openPage(browser, { context });
  await page.goto(`${guarded}/docs`);
  await page.locator(".opblock").first().waitFor();
  await page.locator(".btn.authorize").first().click();
  const dialog = page.locator(".modal-ux");
  await dialog.locator("input[type=text], input:not([type])").first().fill(token);
  await dialog.locator(".btn.authorize").first().click();
  await dialog.locator(".btn-done").first().click();
  const create = page.locator("#operations-tasks-createTask");
  await create.locator(".opblock-summary").click();
  await create.locator("textarea.body-param__text").fill(JSON.stringify(lab.body));
  await create.locator(".execute").click();
  await create.locator(".live-responses-table .response-col_status", { hasText: "201" }).waitFor();
  expect(errors).toEqual([]);
});
