import type { Browser } from "playwright-core";
import type { FrameLabels } from "../../domain/labels.ts";
import { openPage } from "../../test/browser.ts";
import type { Lab } from "../../test/lab.ts";
import { createHand } from "./hand.ts";
import { createLabeler, type LabeledFrame } from "./labeler.ts";
import { waitingTask } from "./task.ts";
import { faultsOf, targetsOf, type Target } from "./tolerance.ts";
import type { LabeledVideo } from "./videos.ts";

/** One video's frames, corrected on the page from the first to the last. */
export interface Sitting {
  name: string;
  frames: LabeledFrame[];
  /** As the pre-labeler left them, for the same edits elsewhere. */
  prelabels: FrameLabels[];
  targets: Target[][];
}

export const FRAMES = 50;

/** Submits the video, waits for its pre-labels, corrects every frame on the page, and checks what was saved. Throws where a frame is not right in the end. */
export async function sit(options: { lab: Lab; browser: Browser; video: LabeledVideo; say: (line: string) => void }): Promise<Sitting> {
  const { lab, browser, video, say } = options;
  const { truth } = video;
  const settings = { classes: [truth.class], keypoints: truth.keypoints, skeleton: truth.skeleton ?? [], num_animals: truth.tracks.length, num_frames: FRAMES };
  const taskId = await waitingTask({ lab, name: video.name, video: video.video, settings });
  const labelsOf = (frame: number): Promise<FrameLabels> => lab.api.get<FrameLabels>(`/labeling/${taskId}/frames/${frame}`);
  const numbers = (await lab.api.get<{ frames: { frame: number }[] }>(`/labeling/${taskId}/frames`)).frames.map((row) => row.frame);
  const prelabels = await Promise.all(numbers.map(labelsOf));
  const targets = numbers.map((frame) => targetsOf(truth, frame));

  const { page, errors } = await openPage(browser);
  await page.goto(`${lab.apiUrl}/label/${taskId}`);
  const hand = createHand(page);
  const label = createLabeler({ hand, labelsOf, className: truth.class });
  const frames: LabeledFrame[] = [];
  for (const [index, frame] of numbers.entries()) {
    frames.push(await label(frame, targets[index] ?? []));
    if ((index + 1) % 10 === 0) say(`  ${video.name}: ${index + 1} of ${numbers.length} frames corrected`);
  }
  await hand.saved();
  await page.context().close();

  const saved = await Promise.all(numbers.map(labelsOf));
  const faults = saved.flatMap((labels, index) => [...(labels.status === "reviewed" ? [] : [`frame ${labels.frame} is not reviewed`]), ...faultsOf(labels.objects, targets[index] ?? []).map((fault) => `frame ${labels.frame}: ${fault}`)]);
  if (faults.length > 0 || errors.length > 0) throw new Error(`${video.name}: ${[...faults, ...errors].join("; ")}`);
  return { name: video.name, frames, prelabels, targets };
}
