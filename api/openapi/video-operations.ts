import type { Operation } from "./operations.ts";
import { RUN, TASK, runAnswers } from "./samples.ts";

const links = ["getStatus", "watchTask", "retryTask", "cancelTask"];

export const VIDEO_OPERATIONS: Record<string, Operation> = {
  "POST /video/download": {
    id: "downloadVideo",
    description: "Checked and indexed as a task's video, kept in storage under the run_id, and put into the folder as well, under its own name. It replaces no other file.",
    body: { file_path: "https://example.org/cage7.mp4", download_path: "/videos" },
    answers: runAnswers({ download_path: "/videos/cage7.mp4", sourceKey: `videos/${RUN}/source.mp4`, width: 1280, height: 720, fps: 30, numFrames: 9000 }),
    links,
  },
  "POST /video/extract-frames": {
    id: "extractFrames",
    description: "JPEGs with their exact frame numbers and times, the same for the same video; POST /labeling takes the folder that is answered.",
    body: { file_path: "/videos/cage7.mp4", num_frames: 60 },
    answers: runAnswers({ frame_path: `frames/${RUN}/`, framesKey: `frames/${RUN}/frames.json`, numFrames: 60, notes: [] }),
    links,
  },
  "POST /video/upload": {
    id: "uploadFile",
    description: "A file of an allowed folder, or one of a task's data. It appears whole or not at all, and replaces no other file.",
    body: { file_path: `inference_results/${TASK}/annotated.mp4`, upload_path: "/results" },
    answers: runAnswers({ upload_path: "/results/annotated.mp4", bytes: 18_220_114 }),
    links,
  },
};
