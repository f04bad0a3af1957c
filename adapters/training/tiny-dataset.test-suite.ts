import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import sharp from "sharp";

/** The trainer's project and its Python: the set-up writes where that is. */
export function trainerProject(): { projectFolder: string; python: string } {
  const projectFolder = resolve(import.meta.dirname, "../../trainer");
  const found = join(projectFolder, "../.actverse/env.json");
  const named = existsSync(found) ? (JSON.parse(readFileSync(found, "utf8")) as { python?: string }).python : undefined;
  return { projectFolder, python: named ?? join(projectFolder, ".venv/bin/python") };
}

const SIDE = 64;

/** Dark discs with a bright spot, one a picture, 64 pixels a side: learnable in seconds. Returns the path of its data.yaml. */
export async function makeTinyDataset(folder: string, { train = 6, val = 3 } = {}): Promise<string> {
  for (const [split, count] of [["train", train], ["val", val]] as const) {
    const [images, labels] = [join(folder, "data/images", split), join(folder, "data/labels", split)];
    await mkdir(images, { recursive: true });
    await mkdir(labels, { recursive: true });
    for (let i = 0; i < count; i += 1) {
      const [x, y] = [16 + ((i * 13) % 32), 16 + ((i * 7) % 32)];
      const svg = `<svg width="${SIDE}" height="${SIDE}"><rect width="64" height="64" fill="#999"/><circle cx="${x}" cy="${y}" r="9" fill="#222"/><circle cx="${x + 4}" cy="${y}" r="3" fill="#fff"/></svg>`;
      await sharp(Buffer.from(svg)).jpeg().toFile(join(images, `${i}.jpg`));
      await writeFile(join(labels, `${i}.txt`), `${[0, x / SIDE, y / SIDE, 18 / SIDE, 18 / SIDE, (x + 4) / SIDE, y / SIDE, 2].join(" ")}\n`);
    }
  }
  const yaml = join(folder, "data.yaml");
  await writeFile(yaml, `path: ${JSON.stringify(join(folder, "data"))}\ntrain: images/train\nval: images/val\nnames: {0: bug}\nkpt_shape: [1, 3]\nkpt_names: [spot]\n`);
  return yaml;
}
