import type { Grey } from "./align.ts";
import type { Pictures } from "./carry.ts";

/** Large pictures are compared smaller; pixels of the longer side. */
const LONGEST = 1280;

/** Two frames' pictures in grey, as the comparison wants them. null where they cannot be read. */
export function createPictures(imageOf: (frame: number) => Promise<HTMLImageElement>) {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let last: { frame: number; grey: Grey } | null = null;

  async function grey(frame: number): Promise<{ grey: Grey; scale: number } | null> {
    const image = await imageOf(frame);
    const scale = Math.min(1, LONGEST / Math.max(image.naturalWidth, image.naturalHeight));
    if (last?.frame === frame) return { grey: last.grey, scale };
    if (context === null) return null;
    [canvas.width, canvas.height] = [Math.round(image.naturalWidth * scale), Math.round(image.naturalHeight * scale)];
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const shades = new Uint8Array(canvas.width * canvas.height);
    for (let i = 0; i < shades.length; i += 1) shades[i] = (77 * (data[4 * i] ?? 0) + 150 * (data[4 * i + 1] ?? 0) + 29 * (data[4 * i + 2] ?? 0)) >> 8;
    last = { frame, grey: { width: canvas.width, height: canvas.height, data: shades } };
    return { grey: last.grey, scale };
  }

  return async (from: number, to: number): Promise<Pictures | null> => {
    try {
      const before = await grey(from);
      const after = await grey(to);
      return before === null || after === null ? null : { from: before.grey, to: after.grey, scale: after.scale };
    } catch {
      return null;
    }
  };
}
