import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { thumbnailOf } from "./thumbnail.ts";

it("makes a small picture of a large one, never a larger one, and none of what is no picture", async () => {
  const folder = await mkdtemp(join(tmpdir(), "actverse-thumbnail-"));
  const storage = createLocalStorage({ root: folder });
  const picture = await sharp({ create: { width: 1920, height: 1080, channels: 3, background: "#446688" } }).jpeg().toBuffer();
  await storage.put("frames/t/00000000.jpg", picture);
  await storage.put("frames/t/00000001.jpg", "jpeg of frame 1");
  const sizeAt = async (width: number) => {
    const { width: w, height: h } = await sharp((await thumbnailOf({ storage, key: "frames/t/00000000.jpg", width }))!).metadata();
    return [w, h];
  };
  expect(await sizeAt(184)).toEqual([184, 104]);
  expect(await sizeAt(4000)).toEqual([1920, 1080]);
  expect(await thumbnailOf({ storage, key: "frames/t/00000001.jpg", width: 184 })).toBeNull();
  await rm(folder, { recursive: true });
});
