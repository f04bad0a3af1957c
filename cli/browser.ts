import open from "open";

/** Whether there is a screen here on which a browser could open: not over SSH, and not without one. */
const hasScreen = (env: NodeJS.ProcessEnv): boolean => env["SSH_CONNECTION"] === undefined && (process.platform !== "linux" || Boolean(env["DISPLAY"] ?? env["WAYLAND_DISPLAY"]));

/** Opens a page where there is a screen, in the program BROWSER where that is set; the address was said anyway, so that nothing is lost where it does not open. */
export async function openInBrowser(address: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (!hasScreen(env)) return;
  const name = env["BROWSER"];
  const browser = await open(address, name === undefined || name === "" ? {} : { app: { name } }).catch(() => null);
  browser?.on("error", () => {});
}
