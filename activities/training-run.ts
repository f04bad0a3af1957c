import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import { trainKeys } from "../domain/layout.ts";
import type { StepInput, TrainOutput } from "../domain/steps.ts";

/** checkpoints/run.json: which training the checkpoints belong to, and how far it is. */
interface RunFile {
  /** Of the labels and settings: checkpoints of others are of no use. */
  fingerprint: string;
  /** The attempt that may publish; an earlier one that still runs finds another name here and ends. */
  owner: string;
  /** Set when memory ran out with a larger one. */
  batch: number | null;
  /** The last epoch that was done when the trainer was last killed by nobody knows whom; absent where it never was. */
  killedAfter?: number;
  notes: string[];
  /** The newest first; the one before is kept in case the newest is damaged. */
  checkpoints: { epoch: number; files: { key: string; path: string; sha256: string }[] }[];
  done: TrainOutput | null;
}

const NEVER = -2;

export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

export async function fetchFile(storage: Storage, key: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await copyFile(await storage.localPath(key), path);
}

/** One training's place in storage. Whoever opens it last may write; the files of a checkpoint appear together, when run.json names them. */
export async function openRun(storage: Storage, { taskId, round }: StepInput, fingerprint: string) {
  const keys = trainKeys(taskId, round);
  const owner = randomUUID();
  const before = await readJsonIfThere<RunFile>(storage, keys.run);
  let run: RunFile = before?.fingerprint === fingerprint ? { ...before, owner } : { fingerprint, owner, batch: null, notes: [], checkpoints: [], done: null };
  if (run.done === null || (await storage.size(keys.model)) === null) {
    run.done = null;
    await storage.put(keys.run, JSON.stringify(run));
  }

  async function save(change: Partial<RunFile>): Promise<void> {
    await mustOwn();
    run = { ...run, ...change };
    await storage.put(keys.run, JSON.stringify(run, null, 1));
  }
  async function mustOwn(): Promise<void> {
    const now = await readJsonIfThere<RunFile>(storage, keys.run);
    if (now?.owner !== owner) throw new Error("A later attempt of this training has taken over.");
  }

  return {
    done: () => run.done,
    batch: () => run.batch,
    notes: () => run.notes,

    /**
     * Puts the newest sound checkpoint into a run folder; returns its epoch, or null where there is none. Throws InputError where epochs are
     * lost: hours of work are not done again unless somebody says so. The retry that it asks for begins anew.
     */
    async restore(runFolder: string): Promise<number | null> {
      const damaged: number[] = [];
      for (const { epoch, files } of run.checkpoints) {
        const sound: boolean[] = [];
        for (const { key, path, sha256 } of files) {
          const isThere = (await storage.size(key)) !== null;
          if (isThere) await fetchFile(storage, key, join(runFolder, path));
          sound.push(isThere && (await fileSha256(join(runFolder, path))) === sha256);
        }
        if (sound.every(Boolean)) {
          if (damaged.length > 0) await save({ notes: [...run.notes, `The checkpoint of epoch ${damaged.join(", ")} was damaged: training went on from epoch ${epoch}.`] });
          return epoch;
        }
        damaged.push(epoch);
        await rm(runFolder, { recursive: true, force: true });
      }
      if (damaged.length === 0) return null;
      const [epoch, older] = damaged;
      const note = older === undefined ? `The checkpoint of epoch ${epoch} was damaged: training began again from its first epoch.` : `The checkpoints of epochs ${epoch} and ${older} were damaged: training began again from its first epoch.`;
      await save({ notes: [...run.notes, note], checkpoints: [] });
      // A single epoch is done again anyway.
      if (epoch === 0) return null;
      throw new InputError({ field: "training", message: `Training cannot go on: the checkpoints of epochs ${damaged.join(" and ")} in storage are damaged, and there are no others.`, whatToDo: "Look for the cause in storage (a full or failing disk), then retry the training: it begins again from its first epoch.", status: 409 });
    },

    /** Files of the run folder, published as one checkpoint. */
    async publish(runFolder: string, epoch: number, paths: string[]): Promise<void> {
      await mustOwn();
      const files = [];
      for (const path of paths) {
        const key = keys.checkpoint(epoch) + basename(path);
        await storage.put(key, { file: path });
        files.push({ key, path: relative(runFolder, path), sha256: await fileSha256(path) });
      }
      await save({ checkpoints: [{ epoch, files }, ...run.checkpoints.filter((older) => older.epoch < epoch)].slice(0, 2) });
      const kept = new Set([keys.run, ...run.checkpoints.flatMap((checkpoint) => checkpoint.files.map(({ key }) => key))]);
      for (const key of await storage.list(keys.checkpoints)) if (!kept.has(key)) await storage.remove(key);
    },

    /** The trainer was killed, and the machine does not tell why: true where it happened in the same epoch before, so that it is most likely memory. */
    async killedAgain(): Promise<boolean> {
      const after = run.checkpoints[0]?.epoch ?? -1;
      if (run.killedAfter === after) return true;
      await save({ killedAfter: after });
      return false;
    },

    /** From here on, and in later attempts too, the batch is smaller. */
    lowerBatch: (batch: number, note: string) => save({ batch, notes: [...run.notes, note], killedAfter: NEVER }),

    async finish(made: { model: string; results: string; report?: { html: string; json: string } }, output: TrainOutput): Promise<TrainOutput> {
      await mustOwn();
      // An earlier training's says nothing of this one.
      for (const [key, file] of [[keys.reportJson, made.report?.json], [keys.reportHtml, made.report?.html]] as const) {
        if (file === undefined) await storage.remove(key);
        else await storage.put(key, { file });
      }
      await storage.put(keys.resultsCsv, { file: made.results });
      await storage.put(keys.model, { file: made.model });
      await save({ done: output });
      return output;
    },
  };
}
