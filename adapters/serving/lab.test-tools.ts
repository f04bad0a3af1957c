import { readFile } from "node:fs/promises";
import type { Detection } from "../../domain/detections.ts";
import { modelKeys } from "../../domain/layout.ts";
import { readOnnxFile } from "../../domain/onnx-file.ts";
import { tritonConfig } from "../../domain/triton-config.ts";
import type { Storage } from "../storage/storage.ts";

/** fixtures/make_fixtures.py: models that find red (class 0) and green (class 1) squares. */
export const fixture = (name: string): Promise<Buffer> => readFile(new URL(`fixtures/${name}.onnx`, import.meta.url));
export const RED = [255, 0, 0];
export const GREEN = [0, 255, 0];
export const LIMITS = { confidence: 0.6, iou: 0.25, maxDetections: 50 };

/** A grey image with squares of 16 x 16 pixels, planar RGB. */
export function picture(width: number, height: number, squares: { x: number; y: number; colour: number[] }[]): Buffer {
  const pixels = Buffer.alloc(3 * width * height, 114);
  for (const { x, y, colour } of squares) {
    for (let channel = 0; channel < 3; channel++) {
      for (let row = y; row < y + 16; row++) pixels.fill(colour[channel] ?? 0, (channel * height + row) * width + x, (channel * height + row) * width + x + 16);
    }
  }
  return pixels;
}

export const seen = (detections: Detection[] | undefined): string[] => (detections ?? []).map(({ classId, box, score }) => `${classId} ${box.map((side) => Math.round(side * 100) / 100).join(",")} ${score.toFixed(2)}`);

/** Puts a version's file where it is served from, and into the list of those that a server loads, as a deployment does. */
export async function deploy(storage: Storage, options: { name: string; file: string | Buffer; version?: number; versions?: number[] }): Promise<{ name: string; version: number }> {
  const { name, file, version = 1, versions = [version] } = options;
  const bytes = typeof file === "string" ? await fixture(file) : file;
  await storage.put(modelKeys(name).onnx(version), bytes);
  await list(storage, name, versions, bytes);
  return { name, version };
}

/** config.pbtxt with these versions; a file that is no model leaves it as it is. */
export async function list(storage: Storage, name: string, versions: number[], bytes?: Buffer): Promise<void> {
  const own = bytes ?? (await storage.read(modelKeys(name).onnx(versions[0] ?? 1)));
  const file = (() => {
    try {
      return readOnnxFile(own);
    } catch {
      return null;
    }
  })();
  if (file !== null) await storage.put(modelKeys(name).config, tritonConfig({ name, file, versions }));
}
