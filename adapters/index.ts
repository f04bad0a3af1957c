import { createExternalTools, type ExternalSettings } from "./labeling/external.ts";
import type { BuiltinLabeling, ExternalTools } from "./labeling/labeling.ts";
import { createModelRegistry, type ModelRegistry } from "./models/registry.ts";
import { createLocalStorage } from "./storage/local.ts";
import type { Storage } from "./storage/storage.ts";
import type { Serving } from "./serving/serving.ts";
import type { Trainer } from "./training/trainer.ts";
import type { VideoTools } from "./video/video.ts";

export interface AdapterSettings extends Partial<ExternalSettings> {
  dataDir: string;
  trainerDir: string;
  trainerPython: string | null;
  trainerNiceness?: number;
  /** null: models run in this process. */
  tritonUrl?: string | null;
  tritonTimeoutS?: number;
}

/** Each is made when it is first asked for, so that the API never loads ONNX Runtime. */
export interface Adapters {
  storage: Storage;
  models: ModelRegistry;
  labeling(): Promise<BuiltinLabeling>;
  externalLabeling(): Promise<ExternalTools>;
  video(): Promise<VideoTools>;
  serving(): Promise<Serving>;
  /** The embedded ONNX Runtime: what another target's answers are compared with. */
  embedded(): Promise<Serving>;
  trainer(): Promise<Trainer>;
}

/** The one place that chooses implementations. */
export function createAdapters(settings: AdapterSettings): Adapters {
  const storage = createLocalStorage({ root: settings.dataDir });
  let onnx: Promise<Serving> | undefined;
  const embedded = (): Promise<Serving> => (onnx ??= import("./serving/onnx.ts").then(({ createOnnxServing }) => createOnnxServing({ storage })));
  return {
    storage,
    models: createModelRegistry({ storage }),
    labeling: async () => (await import("./labeling/builtin.ts")).createBuiltinLabeling({ storage }),
    externalLabeling: () => createExternalTools(storage, settings),
    video: async () => (await import("./video/ffmpeg.ts")).createVideoTools({}),
    async serving() {
      const { tritonUrl: url = null, tritonTimeoutS: timeoutS = 60 } = settings;
      return url === null ? await embedded() : (await import("./serving/triton.ts")).createTritonServing({ storage, url, timeoutS });
    },
    embedded,
    trainer: async () =>
      (await import("./training/process.ts")).createTrainer({ projectFolder: settings.trainerDir, niceness: settings.trainerNiceness ?? 0, ...(settings.trainerPython === null ? {} : { python: settings.trainerPython }) }),
  };
}
