import { createVideoTools } from "./ffmpeg.ts";

/** A process of its own that converts a video until somebody kills it: what a worker does, and no more. */
const [file = "", output = ""] = process.argv.slice(2);
await createVideoTools({}).makeProxy({ file, output });
