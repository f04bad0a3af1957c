import type { Browser } from "playwright-core";
import { startBrowser } from "../../test/browser.ts";
import { createLab, OTHER_QUEUES, type Lab } from "../../test/lab.ts";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { TaskBody } from "../../domain/task.ts";

/** A real API, workflow and workers, none of which trains, and a browser; all gone afterwards. */
export async function withLab<T>(use: (lab: Lab, browser: Browser) => Promise<T>): Promise<T> {
  const lab = await createLab();
  try {
    const browser = await startBrowser();
    try {
      await lab.startWorker([...OTHER_QUEUES, "inference"]);
      return await use(lab, browser);
    } finally {
      await browser.close();
    }
  } finally {
    await lab.close();
  }
}

/** Submits a video and waits until its frames wait for a labeler, with the boxes of what moves. */
export async function waitingTask(options: { lab: Lab; name: string; video: string; settings: Omit<TaskBody, "file_path" | "user_id"> }): Promise<string> {
  const { lab, name, video, settings } = options;
  const file = join(lab.folder, `${name}.mp4`);
  await copyFile(video, file);
  const { task_id: taskId } = await lab.api.send<{ task_id: string }>("POST", "/tasks/", { file_path: file, user_id: "bench", project: name, prelabel: "motion", ...settings });
  await lab.stepIs(taskId, "labeling", "waiting", 300);
  return taskId;
}
