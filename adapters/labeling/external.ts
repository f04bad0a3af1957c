import type { Storage } from "../storage/storage.ts";
import type { ExternalTools } from "./labeling.ts";

/** How the labeling tools of others are reached (workers/labeling-config.ts); null: not set up. */
export interface ExternalSettings {
  publicUrl: string | null;
  webhookSecret: string | null;
  labelStudio: { url: string; token: string } | null;
  cvat: { url: string; token: string } | null;
}

/** The tools that are set up; an adapter is loaded only where it is used. */
export async function createExternalTools(_storage: Storage, _settings: Partial<ExternalSettings>): Promise<ExternalTools> {
  return { "label-studio": null, cvat: null };
}
