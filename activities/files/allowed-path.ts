import { realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { InputError } from "../../domain/errors.ts";

/** A place that a user named, and the setting in which they did. */
interface Place {
  path: string;
  roots: string[];
  field: string;
}

/**
 * The real path (all links followed) of a file that lies under an allowed folder. InputError: outside of them, not absolute,
 * NUL in it (400), no such file (404). What lies outside is refused alike whether it exists or not.
 */
export async function allowedFile(place: Place): Promise<string> {
  const roots = await openRoots(place);
  const real = await realpath(place.path).catch(() => null);
  if (real !== null && isUnder(real, roots)) {
    if (!(await stat(real)).isFile()) throw refuse(place, "This is not a file.", "Give the path of a file, not of a folder.");
    return real;
  }
  if (real === null && (isUnder(resolve(place.path), roots) || isUnder(resolve(place.path), place.roots.map((root) => resolve(root))))) {
    throw new InputError({ field: place.field, message: `There is no such file: ${place.path}`, whatToDo: "Check the path.", status: 404 });
  }
  throw outside(place);
}

/** The real path of a folder under an allowed one; what of it does not exist yet may be made there. */
export async function allowedFolder(place: Place): Promise<string> {
  const roots = await openRoots(place);
  let there = resolve(place.path);
  let real = await realpath(there).catch(() => null);
  while (real === null && dirname(there) !== there) {
    there = dirname(there);
    real = await realpath(there).catch(() => null);
  }
  if (real === null) throw outside(place);
  const folder = join(real, relative(there, resolve(place.path)));
  if (!isUnder(folder, roots)) throw outside(place);
  if (!(await stat(real)).isDirectory()) throw refuse(place, "This is a file, not a folder.", "Give the path of a folder.");
  return folder;
}

async function openRoots(place: Place): Promise<string[]> {
  if (place.path.includes("\0")) throw refuse(place, "The path has a NUL character.", "Give a plain path.");
  if (!isAbsolute(place.path)) throw refuse(place, `The path is not absolute: ${place.path}`, "Give the whole path, from / on.");
  const roots = await Promise.all(place.roots.map((root) => realpath(root).catch(() => null)));
  return roots.filter((root) => root !== null);
}

const isUnder = (path: string, roots: string[]): boolean => roots.some((root) => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep));

const outside = (place: Place): InputError =>
  refuse(place, `The path is outside of the allowed folders: ${place.path}`, place.roots.length > 0 ? `Use a path under ${place.roots.join(" or ")}.` : "No folder is allowed: set the allowed folders first.");

const refuse = (place: Place, message: string, whatToDo: string): InputError => new InputError({ field: place.field, message, whatToDo });
