import open from "open";

/** Whether there is a screen here on which a browser could open: not over SSH, and not without one. */
const hasScreen = (env: NodeJS.ProcessEnv): boolean => env["SSH_CONNECTION"] === undefined && (process.platform !== "linux" || Boolean(env["DISPLAY"] ?? env["WAYLAND_DISPLAY"]));

/** Opens a page where there is a screen; the address was said anyway, so that nothing is lost where it does not open. */
export async function openInBrowser(address: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (!hasScreen(env)) return;
  const browser = await open(address).catch(() => null);
  browser?.on("error", () => {});
}
