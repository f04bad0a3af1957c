import { describe, expect, it } from "vitest";
import type { PacketIndex } from "./detections.ts";
import { createMatcher, differingIn, ledgerLines, LEDGER_HEADER, type Account } from "./ledger.ts";

const index: PacketIndex = { time_base: [1, 1000], pts: [500, 540, 580, 620, 660, 700], key_frames: [0, 3] };
const accountOf = (times: number[], segment = { index: 0, start: 0, end: 6 }): { frames: (number | null)[]; account: Account } => {
  const matcher = createMatcher(index, segment);
  return { frames: times.map((pts) => matcher.match(pts)), account: matcher.account() };
};

describe("what the decoder gives", () => {
  it("gets the numbers of the index, and nothing differs where both agree", () => {
    const { frames, account } = accountOf(index.pts);
    expect(frames).toEqual([0, 1, 2, 3, 4, 5]);
    expect(account).toEqual({ missing: [], unknown: [] });
    expect(differingIn(account)).toBe(0);
  });

  it("is missing where the index has more, at the beginning, in the middle and at the end", () => {
    expect(accountOf([540, 620])).toEqual({ frames: [1, 3], account: { missing: [0, 2, 4, 5], unknown: [] } });
    expect(accountOf([]).account.missing).toEqual([0, 1, 2, 3, 4, 5]);
    expect(accountOf([620], { index: 1, start: 3, end: 5 }).account.missing).toEqual([4]);
  });

  it("is unknown where the index has less: before it, between, after, twice, late or without a time", () => {
    const { frames, account } = accountOf([400, 500, 540, 541, 580, 580, 620, 540, Number.NaN, 660, 700, 740]);
    expect(frames).toEqual([null, 0, 1, null, 2, null, 3, null, null, 4, 5, null]);
    expect(account).toEqual({ missing: [], unknown: [400, 541, 580, 540, null, 740] });
  });

  it("counts each frame once where one came at another time than the index says: one is missing, one is unknown", () => {
    const { account } = accountOf([500, 540, 581, 620, 660, 700]);
    expect(account).toEqual({ missing: [2], unknown: [581] });
    expect(differingIn(account)).toBe(2);
  });
});

describe("frames.csv", () => {
  const rows = (segments: Parameters<typeof ledgerLines>[0]["segments"]): string[] => [...ledgerLines({ index, rotation: 90, segments })];

  it("has a row per frame with its time, whether it is a key frame, and whether it was decoded", () => {
    expect(LEDGER_HEADER.split(",")).toHaveLength(6);
    expect(rows([{ segment: { index: 0, start: 0, end: 3 }, account: { missing: [1], unknown: [] } }, { segment: { index: 1, start: 3, end: 5 }, account: { missing: [], unknown: [] } }])).toEqual([
      "0,500,0,1,1,90", "1,540,0.04,0,0,90", "2,580,0.08,0,1,90", "3,620,0.12,1,1,90", "4,660,0.16,0,1,90", "5,700,0.2,0,,90",
    ]);
  });

  it("shows in its place what only the decoder has, without a number", () => {
    const segments = [{ segment: { index: 0, start: 0, end: 6 }, account: { missing: [], unknown: [null, 590, 460, 800] } }];
    expect(rows(segments)).toEqual([
      ",460,-0.04,,1,90", "0,500,0,1,1,90", "1,540,0.04,0,1,90", "2,580,0.08,0,1,90", ",590,0.09,,1,90",
      "3,620,0.12,1,1,90", "4,660,0.16,0,1,90", "5,700,0.2,0,1,90", ",800,0.3,,1,90", ",,,,1,90",
    ]);
  });

  it("leaves open what nobody decoded", () => {
    expect(rows([]).map((line) => line.split(",")[4])).toEqual(["", "", "", "", "", ""]);
    expect(rows([{ segment: { index: 0, start: 0, end: 6 }, account: null }]).map((line) => line.split(",")[4])).toEqual(["", "", "", "", "", ""]);
  });
});
