"""Ultralytics' own inference over a video, and ONNX Runtime alone, in the trainer's environment.

Argument: a JSON object with model, task, video, frames, confidence, iou, imgsz. Each line on standard input is {"run": "predict", "batch", "keep"} or
{"run": "onnx", "threads", "height", "width"}; each line on standard output answers with seconds, cpu (seconds of all cores), frames and, with keep, found: [x1, y1, x2, y2, score, class] a frame.
"""

import json
import os
import sys
import threading
import time

import numpy as np
import onnxruntime
from ultralytics import YOLO

JOB = json.loads(sys.argv[1])
MODELS = {}


def predict(batch, keep):
    # One for each batch: a model that is used again keeps its session.
    model = MODELS.setdefault(batch, YOLO(JOB["model"], task=JOB["task"]))
    found = []
    for result in model.predict(JOB["video"], stream=True, vid_stride=1, batch=batch, conf=JOB["confidence"], iou=JOB["iou"], imgsz=JOB["imgsz"], max_det=300, device="cpu", verbose=False, save=False):
        found.append(result.boxes.data.tolist() if keep else len(result.boxes))
        if len(found) == JOB["frames"]:
            break
    return {"frames": len(found), **({"found": found} if keep else {})}


def onnx(threads, height, width):
    """As many sessions with one thread each as `threads`, that share the frames."""
    if "onnx" not in MODELS:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        MODELS["onnx"] = [onnxruntime.InferenceSession(JOB["model"], options, providers=["CPUExecutionProvider"]) for _ in range(threads)]
        MODELS["image"] = np.random.default_rng(1).random((1, 3, height, width), dtype=np.float32)
    image, share = MODELS["image"], JOB["frames"] // threads

    def work(session):
        name = session.get_inputs()[0].name
        for _ in range(share):
            session.run(None, {name: image})

    workers = [threading.Thread(target=work, args=(session,)) for session in MODELS["onnx"]]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"frames": share * threads}


# Whatever Ultralytics prints is not an answer.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    asked = json.loads(line)
    began, cpu = time.perf_counter(), time.process_time()
    done = {"predict": predict, "onnx": onnx}[asked.pop("run")](**asked)
    print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu, **done}), file=answers, flush=True)
