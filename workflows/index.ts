export { modelChange } from "./model-change.ts";
export { pipeline } from "./pipeline.ts";
export { singleStep } from "./single-step.ts";
