import { realpath, stat } from "node:fs/promises";
import { isAbsolute, sep } from "node:path";
import { InputError } from "../domain/errors.ts";

const isUnder = (path: string, root: string): boolean => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
const realOrNull = (path: string): Promise<string | null> => realpath(path).catch(() => null);

/**
 * Refuses early what the download or the upload would refuse later: a path outside of the allowed roots, a file that is not there.
 * The steps check again, on their own machine: where none of the roots is on this one, that is left to them.
 * @param kind a file or a folder that must exist, or a folder that may be made
 */
export async function checkPath({ path, field, kind, allowedRoots }: { path: string; field: string; kind: "file" | "folder" | "existing folder"; allowedRoots: string[] }): Promise<void> {
  const refuse = (message: string, whatToDo: string, status: 400 | 404 = 400): never => {
    throw new InputError({ field, message, whatToDo, status });
  };
  if (path.includes("\0")) refuse(`${field} has a NUL character`, "correct the path");
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(path)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    if (kind === "file" && (scheme === "http" || scheme === "https") && URL.canParse(path)) return;
    refuse(`${field} has an address that cannot be used: ${scheme}://`, kind === "file" ? "give a path under an allowed root, or an http(s) URL" : "give a folder under an allowed root");
  }
  if (!isAbsolute(path)) refuse(`${field} is not an absolute path: ${path}`, `give the whole path, under one of: ${allowedRoots.join(", ")}`);
  if (path.split("/").includes("..")) refuse(`${field} has \`..\` in it`, "give the path without it");

  const roots = (await Promise.all(allowedRoots.map(realOrNull))).filter((root) => root !== null);
  const allowed = `allowed are: ${allowedRoots.join(", ")}`;
  const real = await realOrNull(path);
  // Said of the path as it was given: whether something lies outside is nobody's business.
  if (![...allowedRoots, ...roots].some((root) => isUnder(path, root)) || (real !== null && !roots.some((root) => isUnder(real, root)))) refuse(`${field} is outside of the allowed folders: ${path}`, `put it under an allowed root (${allowed}), or add its folder to ACTVERSE_ALLOWED_ROOTS`);
  if (kind === "folder" || roots.length === 0) return;
  const what = kind === "file" ? "file" : "folder";
  if (real === null) return refuse(`there is no ${what} ${path}`, "check the path for typing errors", 404);
  const found = await stat(real);
  if (kind === "file" ? !found.isFile() : !found.isDirectory()) refuse(`${path} is not a ${what}`, `give the path of a ${what}`);
}
