"""TrackEval's figures of tracks in MOTChallenge files, as JSON on standard output.

Standard input: {"folder", "frames": {video: frames}, "trackers": [name]}. In the folder lie gt/{video}/gt/gt.txt and trackers/{name}/data/{video}.txt.
"""

import contextlib
import json
import os
import sys

import trackeval


def main() -> None:
    job = json.load(sys.stdin)
    quiet = {"PRINT_CONFIG": False}
    dataset = trackeval.datasets.MotChallenge2DBox(
        {
            **quiet,
            "GT_FOLDER": os.path.join(job["folder"], "gt"),
            "TRACKERS_FOLDER": os.path.join(job["folder"], "trackers"),
            "TRACKERS_TO_EVAL": job["trackers"],
            "SEQ_INFO": job["frames"],
            "SKIP_SPLIT_FOL": True,
            # It removes pedestrians' distractors: there are none here.
            "DO_PREPROC": False,
        }
    )
    evaluator = trackeval.Evaluator(
        {**quiet, "PRINT_RESULTS": False, "TIME_PROGRESS": False, "OUTPUT_SUMMARY": False, "OUTPUT_DETAILED": False, "PLOT_CURVES": False, "LOG_ON_ERROR": None}
    )
    metrics = [trackeval.metrics.HOTA(), trackeval.metrics.CLEAR({"PRINT_CONFIG": False, "THRESHOLD": 0.5}), trackeval.metrics.Identity({"PRINT_CONFIG": False, "THRESHOLD": 0.5})]
    with contextlib.redirect_stdout(sys.stderr):
        results, _ = evaluator.evaluate([dataset], metrics)
    figures = {}
    for tracker, videos in results["MotChallenge2DBox"].items():
        for video, by_class in videos.items():
            if video not in job["frames"]:
                continue
            got = by_class["pedestrian"]
            figures.setdefault(video, {})[tracker] = {
                "hota": float(got["HOTA"]["HOTA"].mean()),
                "ass_a": float(got["HOTA"]["AssA"].mean()),
                "det_a": float(got["HOTA"]["DetA"].mean()),
                "mota": float(got["CLEAR"]["MOTA"]),
                "idf1": float(got["Identity"]["IDF1"]),
                "id_switches": int(got["CLEAR"]["IDSW"]),
                "misses": int(got["CLEAR"]["CLR_FN"]),
                "false_positives": int(got["CLEAR"]["CLR_FP"]),
                "ids": int(got["Count"]["IDs"]),
            }
    print(json.dumps(figures))


main()
