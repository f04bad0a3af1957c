"""Feeds the same detections, frame by frame, to Ultralytics' trackers as its `mode=track` does.

Run with the trainer's Python; what is missing there (lap) comes from the environment that is given as the first argument.
Standard input: {"video", "detections", "stride", "runs": [{"name", "tracker", "settings"}], "output"}.
Writes {output}/{name}.json: for each frame the id of each detection, -1 for one without.
"""

import json
import sys
from pathlib import Path

# At the end: the trainer's own packages come first.
sys.path.append(sys.argv[1])

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from ultralytics.engine.results import Boxes  # noqa: E402
from ultralytics.trackers.track import TRACKER_MAP  # noqa: E402
from ultralytics.utils import ROOT, YAML, IterableSimpleNamespace  # noqa: E402


def make(tracker: str, settings: dict):
    defaults = YAML.load(ROOT / "cfg" / "trackers" / f"{tracker}.yaml")
    unknown = settings.keys() - defaults.keys()
    if unknown:
        raise SystemExit(f"{tracker} has no setting {', '.join(sorted(unknown))}")
    return TRACKER_MAP[tracker](args=IterableSimpleNamespace(**{**defaults, **settings, "device": "cpu"}))


class Motion:
    """The camera's motion, estimated once a frame for all runs that ask in the same way: each would find the same."""

    def __init__(self, gmc):
        self.gmc, self.method = gmc, gmc.method
        self.of, self.warp = None, None

    def apply(self, picture, detections=None):
        if self.of is not picture:
            self.of, self.warp = picture, self.gmc.apply(picture, detections)
        return self.warp


def main() -> None:
    job = json.load(sys.stdin)
    trackers = {run["name"]: make(run["tracker"], run["settings"]) for run in job["runs"]}
    motion = {}
    for tracker in trackers.values():
        # Other methods look at the detections too; all runs have the same.
        if getattr(tracker, "gmc", None) is not None:
            tracker.gmc = motion.setdefault(tracker.gmc.method, Motion(tracker.gmc))
    ids = {name: [] for name in trackers}
    video = cv2.VideoCapture(job["video"])
    at = -1
    picture = None
    with open(job["detections"]) as lines:
        for line in lines:
            row = json.loads(line)
            while at < row["frame"]:
                read, picture = video.read()
                at += 1
                if not read:
                    raise SystemExit(f"{job['video']} ends before frame {row['frame']}")
            found = [[*d["box"], d["score"], d["classId"]] for d in row["detections"]]
            boxes = Boxes(np.asarray(found, dtype=np.float32).reshape(-1, 6), picture.shape[:2])
            for name, tracker in trackers.items():
                of = [-1] * len(found)
                for track in tracker.update(boxes, picture):
                    of[int(track[-1])] = int(track[4])
                ids[name].append(of)
    for name, rows in ids.items():
        Path(job["output"], f"{name}.json").write_text(json.dumps(rows))


main()
