import { afterEach, expect, test } from "vitest";
import { chosen } from "./i18n/index.ts";
import { ADVANCED_GROUPS, changedSettings, FieldError, fromSettings, MAIN_FIELDS, RETRY_FIELDS, switched, toBody } from "./settings.ts";

const all = [...MAIN_FIELDS, ...ADVANCED_GROUPS.flatMap((group) => group.fields)];

afterEach(() => chosen.set("en"));

test("empty inputs are left out and nested ones grouped", () => {
  const body = toBody(all, { file_path: " /v/a.mp4 ", user_id: "ada", project: "", classes: "mouse, rat,", num_animals: "2", "training.epochs": "30", "training.scale": "n", "inference.confidence": "0.4", upload: "/a\n\n/b" });
  expect(body).toEqual({ file_path: "/v/a.mp4", user_id: "ada", classes: ["mouse", "rat"], num_animals: 2, training: { epochs: 30, scale: "n" }, inference: { confidence: 0.4 }, upload: [{ path: "/a" }, { path: "/b" }] });
});

test("skeleton lines are read by name, also where names hold dashes, and by number", () => {
  const of = (skeleton: string) => toBody(all, { keypoints: "nose, mid-back, tail", skeleton })["skeleton"];
  expect(of("nose - mid-back, mid-back-tail")).toEqual([[0, 1], [1, 2]]);
  expect(of("0-2")).toEqual([[0, 2]]);
  expect(() => of("nose - ear")).toThrow(FieldError);
  expect(() => of("0 - 3")).toThrow(FieldError);
});

test("a figure that is none names its field", () => {
  expect(() => toBody(all, { num_frames: "2.5" })).toThrow("Give a whole number.");
  expect(() => toBody(all, { "inference.iou": "x" })).toThrow(expect.objectContaining({ field: "inference.iou" }) as Error);
});

test("what cannot be read is told in the language of the page", () => {
  chosen.set("ko");
  expect(() => toBody(all, { num_frames: "2.5" })).toThrow("정수로 입력 필요");
  expect(() => toBody(all, { keypoints: "nose, tail", skeleton: "nose - ear" })).toThrow('키포인트 이름 쌍이 아님: "nose - ear". 예: "nose - tail"');
});

test("switches that are off are sent, and read again; an older task's whole switch too", () => {
  const fields = RETRY_FIELDS.training;
  const text = switched(switched("", "flip", false), "color", false);
  expect(toBody(all, { "training.augment": text })).toEqual({ training: { augment: { flip: false, color: false } } });
  expect(switched(text, "flip", true)).toBe("color");
  const read = (augment: unknown) => fromSettings(fields, { training: { augment } })["training.augment"];
  expect([true, false, { flip: false }, { flip: true }].map(read)).toEqual(["", "flip, rotate, scale, color", "flip", ""]);
  const off = { training: { augment: { flip: false }, seed: 3 } };
  expect(changedSettings(fields, { ...fromSettings(fields, off), "training.augment": "" }, off)).toEqual({ training: { augment: true, seed: 3 } });
});

test("a retry sends only what changed, and groups whole", () => {
  const settings = { training: { epochs: 10, device: "cpu", seed: 3 }, outputs: ["json"], upload: [{ path: "/a" }] };
  const fields = RETRY_FIELDS.training;
  const values = fromSettings(fields, settings);
  expect(values).toEqual({ "training.epochs": "10", "training.device": "cpu", "training.seed": "3" });
  expect(changedSettings(fields, values, settings)).toEqual({});
  expect(changedSettings(fields, { ...values, "training.epochs": "20" }, settings)).toEqual({ training: { epochs: 20, device: "cpu", seed: 3 } });
  expect(changedSettings(fields, { ...values, "training.epochs": "" }, settings)).toEqual({ training: { device: "cpu", seed: 3 } });
});
