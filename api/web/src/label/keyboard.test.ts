import { expect, test } from "vitest";
import { keyOf, KEYS } from "./keyboard.ts";

const press = (key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "shiftKey" | "altKey", boolean>> & { code?: string } = {}) => keyOf({ key, code: "", ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held });

test("keys have one name each, on every keyboard", () => {
  expect(press("Z", { ctrlKey: true, shiftKey: true })).toBe("ctrl+shift+z");
  expect(press("z", { metaKey: true })).toBe("ctrl+z");
  expect(press("?", { shiftKey: true })).toBe("?");
  expect(press("?")).toBe("?");
  expect(press("ArrowLeft", { shiftKey: true })).toBe("shift+arrowleft");
  expect(press("Enter")).toBe("enter");
  expect(press("ㅊ", { code: "KeyC" })).toBe("c");
  expect(press("z", { code: "KeyY", ctrlKey: true })).toBe("ctrl+z");
  expect(press("@", { code: "Digit2", shiftKey: true })).toBe("shift+2");
  expect(press("2", { code: "Digit2", shiftKey: true })).toBe("2");
  expect(press("{", { code: "BracketLeft", shiftKey: true })).toBe("{");
});

test("no key has two meanings", () => {
  const all = KEYS.flatMap((key) => key.keys);
  expect(all.length).toBe(new Set(all).size);
});
