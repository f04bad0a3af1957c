import type { ExternalTools, LabelingTool } from "../adapters/labeling/labeling.ts";
import type { ModelRegistry } from "../adapters/models/registry.ts";
import type { Serving } from "../adapters/serving/serving.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import type { Trainer } from "../adapters/training/trainer.ts";
import type { VideoTools } from "../adapters/video/video.ts";

/** All that the steps need, put together once by workers/; a test passes what its step uses. */
export interface Deps {
  storage: Storage;
  video: VideoTools;
  serving: Serving;
  /** The embedded ONNX Runtime, where `serving` is another one: models are compared with it before they serve. */
  embedded: Serving;
  models: ModelRegistry;
  /** Our own page's store. */
  labeling: LabelingTool;
  externalLabeling: ExternalTools;
  /** Under which address people reach our pages; null: not known. */
  publicUrl: string | null;
  trainer: Trainer;
  files: FileAccess;
  /** A folder on this machine for unfinished work; what is under it may be lost. */
  workFolder: string;
}

/** Which places a user's paths and URLs may name. */
export interface FileAccess {
  /** Folders under which a file_path or an upload's path may lie. */
  allowedRoots: string[];
  /** Host names that may be fetched although they are private addresses. */
  allowedHosts: string[];
  /** Bytes; a larger download is refused. */
  maxBytes: number;
}
