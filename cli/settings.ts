import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { InputError, messageOf } from "../domain/errors.ts";

/** Settings as they are given on the command line: a file, single values by their path, and options. The API checks them. */
export type Settings = Record<string, unknown>;

const isSettings = (value: unknown): value is Settings => typeof value === "object" && value !== null && !Array.isArray(value);

/** `a, b` or `a,b` as a list. */
export const listOf = (text: string): string[] => text.split(",").map((part) => part.trim()).filter((part) => part !== "");

/** `training.epochs=40` into `{ training: { epochs: 40 } }`. The value is JSON where it can be read so, else text. */
function setOne(settings: Settings, given: string): void {
  const [, path, text] = /^([a-z_]+(?:\.[a-z_]+)*)=(.*)$/s.exec(given) ?? [];
  if (path === undefined || text === undefined) throw new InputError({ field: "--set", message: `"${given}" is no setting`, whatToDo: "write it as training.epochs=40" });
  const names = path.split(".");
  const last = names.pop()!;
  let inner = settings;
  for (const name of names) {
    inner[name] = isSettings(inner[name]) ? { ...inner[name] } : {};
    inner = inner[name] as Settings;
  }
  inner[last] = valueOf(text);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function readSettings(file: string): Settings {
  try {
    const read: unknown = parse(readFileSync(file, "utf8"));
    if (isSettings(read)) return read;
  } catch (cause) {
    throw new InputError({ field: "--settings", message: `${file} cannot be read: ${messageOf(cause)}`, whatToDo: "give a file of settings in JSON or YAML", cause });
  }
  throw new InputError({ field: "--settings", message: `${file} holds no settings`, whatToDo: "write names and values, as in the body of POST /tasks/" });
}

/** @param options.settings a file, JSON or YAML; `set` goes over what stands in it, `named` over both */
export function settingsOf({ settings: file, set = [], named = {} }: { settings?: string | undefined; set?: string[] | undefined; named?: Settings }): Settings {
  const settings = file === undefined ? {} : readSettings(file);
  for (const given of set) setOne(settings, given);
  for (const [name, value] of Object.entries(named)) if (value !== undefined) settings[name] = value;
  return settings;
}

/** A place as the API understands it: an address as it is, a path made absolute. */
export const placeOf = (path: string, absolute: (path: string) => string): string => (/^[a-z][a-z0-9+.-]*:\/\//i.test(path) ? path : absolute(path));
