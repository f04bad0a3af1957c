"""Unpacks a labels-yolo.zip and opens it as Ultralytics does for training: `read_yolo.py ZIP FOLDER` prints what it found as JSON. For the trainer's Python."""

import json
import logging
import os
import sys
import zipfile
from pathlib import Path

archive, folder = sys.argv[1:]
with zipfile.ZipFile(archive) as z:
    assert z.testzip() is None
    z.extractall(folder)

os.environ["YOLO_CONFIG_DIR"] = folder
logging.disable()
from ultralytics.data import YOLODataset  # noqa: E402
from ultralytics.data.utils import check_det_dataset  # noqa: E402

data = check_det_dataset(str(Path(folder, "data.yaml")), autodownload=False)
task = "pose" if "kpt_shape" in data else "detect"
found = {"task": task, "names": data["names"], "kpt_shape": data.get("kpt_shape"), "flip_idx": data.get("flip_idx"), "train": [], "val": []}
for side in ("train", "val"):
    labels = YOLODataset(img_path=data[side], data=data, task=task, augment=False, cache=False).labels
    for label in sorted(labels, key=lambda one: one["im_file"]):
        points = label["keypoints"].tolist() if label.get("keypoints") is not None else None
        found[side].append({"image": Path(label["im_file"]).name, "shape": list(label["shape"]), "classes": label["cls"][:, 0].tolist(), "boxes": label["bboxes"].tolist(), "keypoints": points})
sys.stdout.write(json.dumps(found) + "\n")
