import { createDatasetSteps, createImportSteps } from "./dataset.ts";
import { createRollBackStep } from "./deployment-rollback.ts";
import { createDeployStep } from "./deployment.ts";
import type { Deps } from "./deps.ts";
import { createDownloadSteps } from "./download.ts";
import { asFailures } from "./failures.ts";
import { createFrameSteps } from "./frames.ts";
import { createImportFramesStep } from "./import-frames.ts";
import { createInferenceSteps } from "./inference.ts";
import { createLabelingSteps } from "./labeling.ts";
import { createExportImportedStep } from "./models/export-imported.ts";
import { createReceiveModelStep } from "./models/receive.ts";
import { createPreinferenceSteps } from "./preinference.ts";
import { createRecordSteps } from "./record.ts";
import { createResultSteps } from "./results.ts";
import { createRoundSteps } from "./rounds.ts";
import { createTrainingSteps } from "./training.ts";
import { createUploadFileStep } from "./upload-file.ts";
import { createUploadSteps } from "./upload.ts";

/** The only place where steps meet what they need. */
export const createActivities = (deps: Deps) =>
  asFailures({
    ...createDownloadSteps(deps),
    ...createFrameSteps(deps),
    ...createPreinferenceSteps(deps),
    ...createLabelingSteps(deps),
    ...createRoundSteps(deps),
    ...createDatasetSteps(deps),
    ...createImportSteps(deps),
    ...createTrainingSteps(deps),
    ...createDeployStep(deps),
    ...createRollBackStep(deps),
    ...createReceiveModelStep(deps),
    ...createExportImportedStep(deps),
    ...createInferenceSteps(deps),
    ...createResultSteps(deps),
    ...createUploadSteps(deps),
    ...createUploadFileStep(deps),
    ...createImportFramesStep(deps),
    ...createRecordSteps(deps),
  });
export type Activities = ReturnType<typeof createActivities>;
