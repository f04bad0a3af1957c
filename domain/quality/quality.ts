/**
 * quality.json: how far the results can be trusted, at a glance, and where to look. Seconds are after the first frame, frames are numbers of the video.
 * Written with result.json's own pass over the rows, so that the page and the report need not read hours of them.
 */
export interface Quality {
  task_id: string;
  /** Rows of result.json. */
  frames: number;
  /** Of the last row; -1 where there is none. */
  last_frame: number;
  /** From one processed frame to the next. */
  frame_step: number;
  /** How many animals a frame should have: what the task says, else the number that most frames have. */
  expected: { animals: number; from: "settings" | "most frames" };
  /** Frames with at least so many. */
  complete: { frames: number; share: number };
  /** Of all animals in all frames; null where there is none. */
  mean_score: number | null;
  /** Different ids. */
  ids: number;
  /** The ids that were seen most, ascending; at most LISTED. */
  animals: QualityAnimal[];
  /** Fewer animals than expected. `value`: the fewest. */
  missing: Moments;
  /** An animal whose box, or whose keypoints on average, have a score below LOW_SCORE. `value`: the lowest. */
  low_confidence: Moments;
  /** Two animals that may have exchanged their ids. `value`: how much better the exchange explains their way, in body lengths; or how much they overlap. */
  suspected_swaps: Moments;
}

export interface QualityAnimal {
  id: string;
  frames: number;
  /** Of the processed frames. */
  share: number;
  first_time: number;
  last_time: number;
  mean_score: number;
}

/** Of many moments only the worst are listed, in the order of time. */
export interface Moments {
  count: number;
  /** Seconds in all. */
  seconds: number;
  listed: Moment[];
}

export interface Moment {
  frame: number;
  end_frame: number;
  time: number;
  end_time: number;
  /** Whom it is about; empty where nobody can be named. */
  ids: string[];
  value: number;
  /** Of suspected swaps. jump: their ways fit better when exchanged; overlap: they lay on one another. */
  why?: "jump" | "overlap";
}

/** How many moments and animals a list holds. */
export const LISTED = 100;
/** Below it, a person should look. */
export const LOW_SCORE = 0.5;
