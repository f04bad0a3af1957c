import { constants } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import sharp from "sharp";
import { readJsonIfThere } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import type { FrameList } from "../domain/labels.ts";
import { frameKeys } from "../domain/layout.ts";
import type { FramesOutput, ImportFramesInput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { allowedFile, allowedFolder } from "./files/allowed-path.ts";
import { longStep } from "./step-context.ts";

const IMAGES = new Set([".jpg", ".jpeg", ".png"]);
const MOST = 5000;
const QUALITY = 95;
/** As frames are named here: such names say which frame of its video each one is. */
const NUMBERED = /^\d{1,8}$/;

interface Picture {
  frame: number;
  time: number;
  jpeg: () => Promise<Buffer>;
}

const refuse = (message: string, whatToDo: string, status: 400 | 404 = 400): InputError => new InputError({ field: "folder_path", message, whatToDo, status });

/** Frames to label from elsewhere: those of another task, or a folder of images. */
export function createImportFramesStep(deps: Pick<Deps, "storage" | "files">) {
  const { storage, files } = deps;
  const roots = files.allowedRoots;

  async function storedPictures(prefix: string): Promise<Picture[]> {
    const list = await readJsonIfThere<FrameList>(storage, `${prefix.replace(/\/*$/, "/")}frames.json`);
    if (list === null) throw refuse(`there are no frames under ${prefix}`, "extract frames first", 404);
    return list.frames.map(({ frame, time, image_key: key }) => ({ frame, time, jpeg: () => storage.read(key) }));
  }

  /** In the order of their names; without a video behind them they are a second apart. */
  async function folderPictures(path: string): Promise<Picture[]> {
    const folder = await allowedFolder({ path, roots, field: "folder_path" });
    const names = await readdir(folder).catch(() => {
      throw refuse(`there is no folder ${path}`, "check the path", 404);
    });
    const images = names.filter((name) => IMAGES.has(extname(name).toLowerCase())).toSorted();
    if (images.length === 0 || images.length > MOST) throw refuse(`${path} has ${images.length} images`, `give a folder with 1 to ${MOST} .jpg or .png files`);
    const stems = images.map((name) => name.slice(0, -extname(name).length));
    const isNumbered = stems.every((stem) => NUMBERED.test(stem)) && new Set(stems.map(Number)).size === stems.length;
    const pictures = images.map((name, i) => ({ frame: isNumbered ? Number(stems[i]) : i, time: i, jpeg: () => jpegOf(join(folder, name)) }));
    return pictures.toSorted((a, b) => a.frame - b.frame).map((picture, i) => Object.assign(picture, { time: i }));
  }

  /** Upright, as a browser shows it. */
  async function jpegOf(path: string): Promise<Buffer> {
    // Links followed: one of them could lead out.
    const real = await allowedFile({ path, roots, field: "folder_path" });
    const bytes = await readFile(real, { flag: constants.O_RDONLY | constants.O_NOFOLLOW });
    try {
      const { format, orientation = 1 } = await sharp(bytes).metadata();
      return format === "jpeg" && orientation === 1 ? bytes : await sharp(bytes).rotate().jpeg({ quality: QUALITY }).toBuffer();
    } catch (error) {
      throw new InputError({ field: "folder_path", message: `${path} cannot be read as an image`, whatToDo: "take it away, or give a sound .jpg or .png", cause: error });
    }
  }

  return {
    /** Copies them into frames/{task_id}/; frames.json comes last. The same folder gives the same frames. */
    importFrames: ({ taskId, round, folder }: ImportFramesInput): Promise<FramesOutput> =>
      longStep(async ({ report }) => {
        const keys = frameKeys(taskId, round);
        const pictures = folder.startsWith("/") ? await folderPictures(folder) : await storedPictures(folder);
        let size: { width: number; height: number } | null = null;
        for (const [i, { frame, jpeg }] of pictures.entries()) {
          const bytes = await jpeg();
          const { width, height } = await sharp(bytes).metadata();
          size ??= { width, height };
          if (size.width !== width || size.height !== height) throw refuse(`the images differ in size: ${size.width} x ${size.height} and ${width} x ${height}`, "give images of one size, as of one video");
          await storage.put(keys.image(frame), bytes);
          report({ done: i + 1, total: pictures.length, unit: "frames" });
        }
        const list: FrameList = { task_id: taskId, ...size!, frames: pictures.map(({ frame, time }) => ({ frame, time, image_key: keys.image(frame) })) };
        await storage.put(keys.list, JSON.stringify(list, null, 2));
        return { framesKey: keys.list, numFrames: pictures.length, notes: [] };
      }),
  };
}
