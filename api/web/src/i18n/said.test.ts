import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventText, figureName } from "../format.ts";
import { en } from "./en/index.ts";
import { chosen } from "./index.ts";
import { ko } from "./ko/index.ts";
import { said } from "./said.ts";

const sentences = Object.entries(en.said.sentences);
const filled = (text: string): string => text.replaceAll(/\{\{\w+\}\}/g, "7");

/** All that can say something to a person, as it is written. */
function sources(): string {
  const of = (room: string): string[] => readdirSync(room, { recursive: true, encoding: "utf8" }).filter((file) => /\.(ts|py)$/.test(file) && !/(^web\/|\.test\.ts$)/.test(file)).map((file) => readFileSync(join(room, file), "utf8"));
  return ["domain", "workflows", "activities", "adapters", "api", "trainer/actverse_trainer"].flatMap(of).join("\n");
}

beforeEach(() => chosen.set("ko"));
afterEach(() => chosen.set("en"));

test("each sentence is found as itself, whatever stands in it", () => {
  const korean = ko.said.sentences as Record<string, string>;
  expect(sentences.map(([, text]) => said(filled(text)))).toEqual(sentences.map(([key]) => filled(korean[key] ?? "")));
});

test("what is not known, and everything in English, stays as it was said", () => {
  expect(said("a new sentence of the server")).toBe("a new sentence of the server");
  chosen.set("en");
  expect(said("labels and their approval (14 frames)")).toBe("labels and their approval (14 frames)");
});

test("a step and an advice inside of a sentence are said as well", () => {
  expect(said("labels and their approval (14 frames)")).toBe("라벨링과 승인 (프레임 14개)");
  expect(said("a retry of frames: ask for at most 100")).toBe("프레임 추출 단계 다시 시도 – ask for at most 100");
  expect(said("a retry of training: look at the reason and the worker's log, mend the cause, then retry this step")).toBe("학습 단계 다시 시도 – 사유와 워커 로그를 확인해 원인을 해결한 뒤 이 단계를 다시 시도");
  expect(figureName("numFrames")).toBe("프레임 수");
  expect(eventText({ event: "step.parked", at: "2026-01-01T00:00:00Z", data: { task_id: "t", step: "training", reason: "No memory.", what_to_do: "Smaller batches." } })).toBe("단계: 학습 · No memory. · Smaller batches.");
  expect(eventText({ event: "preinference.completed", at: "2026-01-01T00:00:00Z", data: { task_id: "t", frames: 14, objects: 42, source: "motion" } })).toBe("프레임: 14 · 개체: 42 · 출처: 움직임 감지");
});

test("the server and the workers still say it so", () => {
  const code = sources();
  // The page itself writes the one about a step.
  const gone = sentences.filter(([key, text]) => key !== "atStep" && !text.split(/\{\{\w+\}\}/).every((part) => code.includes(part)));
  expect(gone.map(([key]) => key)).toEqual([]);
});
