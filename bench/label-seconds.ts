import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commandOf, rounded, spreadOf, type Bench, type Figure } from "./figure.ts";
import { countLabelStudio } from "./labeling/label-studio-editor.ts";
import { secondsOf, type Step } from "./labeling/actions.ts";
import { describeSteps } from "./labeling/report.ts";
import { sit, type Sitting } from "./labeling/sitting.ts";
import { withLab } from "./labeling/task.ts";
import { TOLERANCE } from "./labeling/tolerance.ts";
import { labeledVideos } from "./labeling/videos.ts";

const NAME = "label_seconds_per_frame";
const LABEL_STUDIO = "label_seconds_per_frame_label_studio";

/**
 * Seconds per frame to correct motion pre-labels on the labeling page, by the keystroke-level model: a scripted labeler
 * that knows the truth works in Chromium against a real API, workflow and workers; beside it the same edits counted for Label Studio's editor.
 */
export const bench: Bench = {
  names: [NAME, LABEL_STUDIO],
  async run(context) {
    const videos = await labeledVideos(context);
    const sittings = await withLab(async (lab, browser) => {
      const done: Sitting[] = [];
      for (const video of videos) done.push(await sit({ lab, browser, video, say: context.say }));
      return done;
    });
    // What was done in each frame, for whoever looks for the seconds.
    for (const sitting of sittings) await writeFile(join(context.cache, `sitting-${sitting.name}.json`), JSON.stringify(sitting));
    const ours = sittings.map(({ name, frames }) => ({ name, frames: frames.map(({ steps }) => steps) }));
    const theirs = sittings.map(({ name, prelabels, targets }) => ({ name, frames: countLabelStudio({ prelabels: prelabels.map(({ objects }) => objects), targets, keypoints: targets[0]?.[0]?.keypoints.length ?? 0 }).map(({ steps }) => steps) }));
    return [...figures(NAME, ours), ...figures(LABEL_STUDIO, theirs)];
  },
};

/** One figure for each video and one, the mean of them, for all. */
function figures(name: string, videos: { name: string; frames: Step[][] }[]): Figure[] {
  const figure = (suffix: string, frames: Step[][], note: string): Figure => {
    const seconds = frames.map(secondsOf);
    const mean = seconds.reduce((sum, value) => sum + value, 0) / seconds.length;
    return { name: suffix === "" ? name : `${name}_${suffix}`, value: rounded(mean), unit: "s", goal: null, better: "lower", spread: spreadOf(seconds).map((value) => rounded(value)) as [number, number], command: commandOf(name), note };
  };
  const each = videos.map((video) => figure(video.name, video.frames, `${video.frames.length} frames; ${describeSteps(video.frames)}; ${TOLERANCE}`));
  const all = videos.flatMap(({ frames }) => frames);
  return [figure("", all, `${videos.map((video) => video.name).join(" and ")}; ${describeSteps(all)}; ${TOLERANCE}`), ...each];
}
