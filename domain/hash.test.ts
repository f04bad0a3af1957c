import { expect, it } from "vitest";
import { canonicalJson, sha256Of, snapshotHash } from "./hash.ts";
import type { Snapshot } from "./labels.ts";

it("writes equal content equally", () => {
  expect(canonicalJson({ b: [1, { z: null, a: "é" }], a: undefined, c: 0.5 })).toBe('{"b":[1,{"a":"é","z":null}],"c":0.5}');
  expect(canonicalJson({ x: 1, y: 2 })).toBe(canonicalJson({ y: 2, x: 1 }));
  expect(() => canonicalJson([Number.NaN])).toThrow(RangeError);
});

it("hashes as sha256 does", () => {
  expect(sha256Of("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

it("hashes all of a snapshot but its own hash, also after a way through JSON", () => {
  const snapshot: Snapshot = { task_id: "t", round: 1, source: "builtin", approved_by: "bob", approved_at: "2026-01-01T00:00:00Z", classes: ["fly"], keypoints: [], frames: [], left_out: [3], allow_partial: true, sha256: "" };
  const hash = snapshotHash(snapshot);
  expect(snapshotHash(JSON.parse(JSON.stringify({ ...snapshot, sha256: hash })) as Snapshot)).toBe(hash);
  for (const change of [{ approved_by: "eve" }, { left_out: [] }, { round: 2 }, { classes: ["bee"] }]) expect(snapshotHash({ ...snapshot, ...change })).not.toBe(hash);
});
