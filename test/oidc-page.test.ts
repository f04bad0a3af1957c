import { exportJWK, generateKeyPair } from "jose";
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLab, type Lab } from "../api/lab.test-suite.ts";
import { CLIENT, startProvider } from "../api/oidc-provider.test-suite.ts";
import { freePort } from "../scripts/ports.ts";
import { openPage, startBrowser } from "./browser.ts";

/** A person signs in at a real identity provider, in a real browser, from our page and back to it. */

let lab: Lab;
let browser: Browser;
let server: Server;
let url: string;
beforeAll(async () => {
  const [port, own] = [await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${port}`;
  url = `http://127.0.0.1:${own}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  server = startProvider({ issuer, jwk: { ...(await exportJWK(privateKey)), kid: "k1", alg: "RS256", use: "sig" }, redirectUris: [`${url}/session/oidc/callback`] });
  lab = await startLab();
  const app = await lab.app({ webRoot: fileURLToPath(new URL("../api/web/dist", import.meta.url)), oidc: { issuer, audience: null, client: CLIENT, userClaim: "sub", admins: [], publicUrl: url } });
  await app.listen({ host: "127.0.0.1", port: own });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await lab?.stop();
  server?.closeAllConnections();
  server?.close();
});

test("from the page to the provider and back, signed in", async () => {
  const { page, errors } = await openPage(browser);
  await page.goto(`${url}/model`);
  await page.locator("a.sign-in-provider").click();
  await page.locator("input[name=login]").fill("ada");
  await page.locator("input[name=password]").fill("x");
  await page.locator("button[type=submit]").click();
  await page.locator("button[type=submit]", { hasText: "Continue" }).click();
  await page.waitForURL(`${url}/model`);
  await page.locator("main, header").first().waitFor();
  expect(await page.locator(".sign-in").count()).toBe(0);
  expect(await page.evaluate(async () => ((await (await fetch("/session")).json()) as { user_id: string }).user_id)).toBe("ada");
  expect(errors).toEqual([]);
});
