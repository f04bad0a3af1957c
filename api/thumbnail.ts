import sharp from "sharp";
import type { Storage } from "../adapters/storage/storage.ts";

/** A filmstrip of hundreds of pictures needs them small; sizes in pixels. */
export const THUMBNAIL = { least: 32, most: 640 };

/** The picture so wide, as JPEG; null where it is no picture. */
export async function thumbnailOf({ storage, key, width }: { storage: Storage; key: string; width: number }): Promise<Buffer | null> {
  const bytes = await storage.read(key);
  return await sharp(bytes)
    .resize({ width, withoutEnlargement: true })
    .jpeg({ quality: 70 })
    .toBuffer()
    .catch(() => null);
}
