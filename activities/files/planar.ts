import sharp from "sharp";
import { PADDING_GREY, type Letterbox, type Size } from "../../domain/letterbox.ts";

/** Images as networks get them: all of red, then all of green, then all of blue. */

/** An image file, letterboxed. */
export async function letterboxedImage(file: string, letterbox: Letterbox): Promise<Buffer> {
  const { input, scaledWidth, scaledHeight, left, top } = letterbox;
  const channels = await sharp(file)
    .toColourspace("srgb")
    .removeAlpha()
    .resize(scaledWidth, scaledHeight, { fit: "fill", kernel: "linear" })
    .extend({ left, top, right: input.width - scaledWidth - left, bottom: input.height - scaledHeight - top, background: { r: PADDING_GREY, g: PADDING_GREY, b: PADDING_GREY } })
    .raw()
    .toBuffer();
  return planar(channels);
}

/** An image file as it is. */
export async function planarImage(file: string): Promise<{ pixels: Buffer; size: Size }> {
  const { data, info } = await sharp(file).toColourspace("srgb").removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { pixels: planar(data), size: { width: info.width, height: info.height } };
}

/** R, G, B of each pixel in turn -> planar. */
function planar(channels: Buffer): Buffer {
  const pixels = channels.length / 3;
  const made = Buffer.allocUnsafe(channels.length);
  for (let i = 0; i < pixels; i++) {
    made[i] = channels[3 * i]!;
    made[pixels + i] = channels[3 * i + 1]!;
    made[2 * pixels + i] = channels[3 * i + 2]!;
  }
  return made;
}
