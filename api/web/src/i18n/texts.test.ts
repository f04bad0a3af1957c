import { afterEach, describe, expect, test } from "vitest";
import { duration } from "../format.ts";
import { en } from "./en/index.ts";
import { chosen, t } from "./index.ts";
import { ko } from "./ko/index.ts";
import { languageFor } from "./language.ts";

type Tree = { readonly [key: string]: string | Tree };

const flat = (tree: Tree, path = ""): [string, string][] => Object.entries(tree).flatMap(([key, value]) => (typeof value === "string" ? [[path + key, value] as [string, string]] : flat(value, `${path}${key}.`)));
const marksOf = (text: string): string[] => (text.match(/\{\{\w+\}\}|<\/?\w+>/g) ?? []).toSorted();

const english = new Map(flat(en));
const korean = new Map(flat(ko));

afterEach(() => chosen.set("en"));

describe("the texts", () => {
  test("Korean has every text, and no other; it does not tell one from many", () => {
    const expected = [...english.keys()].filter((key) => !key.endsWith("_one"));
    expect([...korean.keys()].toSorted()).toEqual(expected.toSorted());
  });

  test("what is told in one and in many has both in English", () => {
    const counted = [...english.keys()].filter((key) => /_(one|other)$/.test(key)).map((key) => key.replace(/_\w+$/, ""));
    for (const key of counted) expect([...english.keys()].filter((other) => other.startsWith(`${key}_`)).toSorted(), key).toEqual([`${key}_one`, `${key}_other`]);
  });

  test("a text has the same values and marks in both languages", () => {
    for (const [key, text] of korean) expect(marksOf(text), key).toEqual(marksOf(english.get(key) ?? ""));
  });

  test("nothing was left in English, and nothing is empty", () => {
    const same = [...korean].filter(([key, text]) => text.trim() === "" || (text === english.get(key) && /\p{Letter}/u.test(text.replaceAll(/\{\{\w+\}\}/g, ""))));
    expect(same).toEqual([]);
  });

  test("no Korean particle depends on the last sound of what is put in", () => {
    const doubtful = [...korean].filter(([, text]) => /\}\}(<\/\w+>)?(은|는|이|가|을|를|과|와|로|으로)(?=[\s.,<]|$)/.test(text));
    expect(doubtful.map(([key]) => key)).toEqual(["label.approval.starts_other"]);
    // Its {{frames}} and {{animals}} always end in 개.
    expect([korean.get("label.approval.frames_other"), korean.get("label.approval.animals_other")]).toEqual([expect.stringMatching(/개$/), expect.stringMatching(/개$/)]);
  });
});

describe("the language", () => {
  test("what was chosen before comes first, then the browser's languages in their order, then English", () => {
    expect(languageFor("ko", ["en-US"])).toBe("ko");
    expect(languageFor("xx", ["de-DE", "ko-KR", "en"])).toBe("ko");
    expect(languageFor(null, ["en-GB", "ko"])).toBe("en");
    expect(languageFor(null, ["ko"])).toBe("ko");
    expect(languageFor(null, ["fr"])).toBe("en");
    expect(languageFor("toString", [])).toBe("en");
  });

  test("a change is told to whoever watches, and every text follows", () => {
    const seen: string[] = [];
    const stop = chosen.subscribe(() => seen.push(t("label.panel.confirmAndNext")));
    chosen.set("ko");
    chosen.set("en");
    stop();
    chosen.set("ko");
    expect(seen).toEqual(["확인 후 다음", "Confirm and next"]);
    expect(duration(125)).toBe("2분 05초");
  });

  test("one and many; names stand as they are written", () => {
    expect([1, 2].map((count) => t("label.save.failed", { count }))).toEqual(["1 frame not saved", "2 frames not saved"]);
    expect(t("label.titleOf", { title: "<a> & 'b'" })).toBe("Label <a> & 'b'");
    chosen.set("ko");
    expect([1, 2].map((count) => t("label.save.failed", { count }))).toEqual(["프레임 1개 저장 안 됨", "프레임 2개 저장 안 됨"]);
  });
});
