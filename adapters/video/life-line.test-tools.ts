import { createVideoTools } from "./ffmpeg.ts";

/** A process of its own that converts a video until somebody kills it: what a worker does, and no more. */
const [file = "", output = ""] = process.argv.slice(2);
const video = createVideoTools({});
await video.makeProxy({ file, index: await video.index({ file }), output });
