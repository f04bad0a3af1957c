import type { Storage } from "../storage/storage.ts";
import { NO_EXTERNAL_TOOLS, type ExternalTools } from "./labeling.ts";

/** How the labeling tools of others are reached (workers/labeling-config.ts); null: not set up. */
export interface ExternalSettings {
  publicUrl: string | null;
  webhookSecret: string | null;
  labelStudio: { url: string; token: string } | null;
  cvat: { url: string; token: string } | null;
}

/** The tools that are set up; an adapter is loaded only where it is used. */
export async function createExternalTools(storage: Storage, { publicUrl = null, webhookSecret = null, labelStudio = null, cvat = null }: Partial<ExternalSettings>): Promise<ExternalTools> {
  if (publicUrl === null || webhookSecret === null) return NO_EXTERNAL_TOOLS;
  return {
    "label-studio": labelStudio === null ? null : (await import("./label-studio/index.ts")).createLabelStudioLabeling({ storage, ...labelStudio, publicUrl, webhookSecret }),
    cvat: cvat === null ? null : (await import("./cvat/index.ts")).createCvatLabeling({ storage, ...cvat, publicUrl, webhookSecret }),
  };
}
