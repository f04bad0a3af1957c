"""Models that the trainer did not make: opened without running what is in them, exported, and compared."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import yaml
from test_training import run_to_end
from ultralytics import YOLO
from ultralytics.nn.tasks import DetectionModel, yaml_model_load

from actverse_trainer.cli import _export_int8
from actverse_trainer.dataset import read_dataset
from actverse_trainer.errors import InputProblem
from actverse_trainer.inputs import spread
from actverse_trainer.network import build_on
from actverse_trainer.safe import open_model

#: As Ultralytics' own, but a quarter of the smallest.
SMALL = {"nc": 2, "kpt_shape": [2, 3], "scale": "n", "scales": {"n": [0.33, 0.0625, 1024]}}


def small_yaml(folder: Path) -> str:
    file = folder / "small-pose.yaml"
    file.write_text(yaml.safe_dump({k: v for k, v in yaml_model_load("yolo11n-pose.yaml").items() if k in ("backbone", "head")} | SMALL))
    return str(file)


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Saved as Ultralytics saves; untrained, but with sizeable features and scores of all heights, so that there is something to compare."""
    folder = tmp_path_factory.mktemp("ordinary")
    torch.manual_seed(0)
    model = YOLO(small_yaml(folder))
    for branch in model.model.model[-1].cv3:
        torch.nn.init.normal_(branch[-1].weight, std=0.5)
        torch.nn.init.constant_(branch[-1].bias, -3)
    norms = [module for module in model.model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    momentum = norms[0].momentum
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model.model.train()(torch.rand(8, 3, 96, 96))
    for norm in norms:
        norm.momentum = momentum
    model.model.eval()
    model.model.args = {**model.model.args, "imgsz": 96}
    model.ckpt = {"train_args": {"imgsz": 96}}
    file = folder / "ordinary.pt"
    model.save(file)
    return str(file)


def test_exports_an_ordinary_model_with_a_reference(ordinary: str, tmp_path: Path, start: Any) -> None:
    images = tmp_path / "images"
    images.mkdir()
    random = np.random.default_rng(2)
    for i in range(3):
        cv2.imwrite(str(images / f"{i}.png"), random.integers(0, 255, (80, 160, 3), dtype=np.uint8))
    reference = tmp_path / "reference"
    events = run_to_end(start("export", "--model", ordinary, "--output", str(tmp_path / "m.onnx"), "--images", str(images), "--reference", str(reference)))
    exported, parity = events[0], events[-1]
    assert exported["event"] == "exported" and exported["task"] == "pose" and exported["imgsz"] == 96
    assert parity["images"] == 3 and parity["objects"] > 0 and parity["unmatched"] == 0
    assert parity["max_box_px"] <= 1 and parity["max_score"] <= 0.01 and parity["max_keypoint_px"] <= 1
    content = json.loads((reference / "reference.json").read_text())
    assert (content["imgsz"], content["confidence"], content["iou"]) == (96, 0.25, 0.7)
    assert [(image["file"], image["width"], image["height"]) for image in content["images"]] == [(f"{i:05}.png", 96, 64) for i in range(3)]
    assert sum(found["score"] > 0.25 for image in content["images"] for found in image["detections"]) >= parity["objects"]

    # What is written is what ONNX Runtime finds in the written pixels.
    import onnxruntime

    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    for image in content["images"]:
        pixels = cv2.cvtColor(cv2.imread(str(reference / image["file"])), cv2.COLOR_BGR2RGB)
        raw = session.run(None, {"images": pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255})[0][0]
        for found in image["detections"]:
            x1, y1, x2, y2 = found["box"]
            box = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
            score = raw[4 + found["class_id"]]
            nearest = int(np.argmin(np.abs(raw[:4].T - box).sum(axis=1) + np.abs(score - found["score"])))
            assert np.abs(raw[:4, nearest] - box).max() < 0.1 and abs(score[nearest] - found["score"]) < 0.01
            assert np.abs(raw[6:, nearest] - np.array(found["keypoints"]).reshape(-1)).max() < 0.1

    # And the same for an ONNX file that is there already.
    again = run_to_end(start("check", "--model", ordinary, "--onnx", str(tmp_path / "m.onnx"), "--images", str(images), "--reference", str(tmp_path / "again")))
    assert again[-1] == parity and (tmp_path / "again" / "reference.json").read_text() == (reference / "reference.json").read_text()


def test_makes_the_same_model_in_8_bit(ordinary: str, pose_data: str, tmp_path: Path, start: Any) -> None:
    import onnx
    import onnxruntime

    exact, quicker = tmp_path / "m.onnx", tmp_path / "m8.onnx"
    events = run_to_end(start("export", "--model", ordinary, "--output", str(exact), "--int8", str(quicker), "--data", pose_data))
    int8, parity = events[-2], events[-1]
    assert (int8["event"], parity["event"]) == ("int8", "parity")
    assert int8["bytes"] == quicker.stat().st_size < exact.stat().st_size
    assert int8["images"] == parity["images"] and isinstance(int8["points_lost"], float)
    # In other words: it was not the exact one that was compared.
    assert int8["max_score"] > parity["max_score"]

    model, other = onnx.load(str(quicker)), onnx.load(str(exact))
    about, before = ({entry.key: entry.value for entry in one.metadata_props} for one in (model, other))
    assert about == before | {"precision": "int8"}
    # Convolutions between the layers in 8 bit; what makes boxes and scores of them is as exact as ever.
    makers = {output: node.op_type for node in model.graph.node for output in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    small = [node for node in convolutions if makers.get(node.input[0]) == "DequantizeLinear" == makers.get(node.input[1])]
    assert len(small) > len(convolutions) / 2
    assert makers["output0"] == "Concat"
    image = np.random.default_rng(3).random((1, 3, 96, 96), dtype=np.float32)
    raw, exact_raw = (onnxruntime.InferenceSession(str(file)).run(None, {"images": image})[0][0] for file in (quicker, exact))
    assert raw.shape == exact_raw.shape and len(np.unique(raw[4])) > 100


def test_says_why_there_is_no_model_in_8_bit(ordinary: str, tmp_path: Path, start: Any) -> None:
    images = tmp_path / "images"
    images.mkdir()
    cv2.imwrite(str(images / "0.png"), np.zeros((64, 64, 3), dtype=np.uint8))
    events = run_to_end(start("export", "--model", ordinary, "--output", str(tmp_path / "m.onnx"), "--int8", str(tmp_path / "m8.onnx"), "--images", str(images)))
    assert [event["event"] for event in events if event["event"] != "progress"] == ["exported", "int8", "parity"]
    assert "needs labels" in events[-2]["refused"]


def test_loses_no_model_for_one_in_8_bit_that_fails(monkeypatch: pytest.MonkeyPatch, pose_data: str, tmp_path: Path) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr("actverse_trainer.quantize.quantize", fails)
    told: list[dict[str, Any]] = []
    channel = SimpleNamespace(emit=lambda event, **fields: told.append({"event": event, **fields}))
    _export_int8(SimpleNamespace(data=pose_data, output="m.onnx", int8="m8.onnx"), channel, SimpleNamespace(opened=None, letterbox=None), [])
    assert told == [{"event": "int8", "refused": "it could not be made: no such operator"}]


class Runs:
    """Unpickled, it calls a function: what a stranger's file could do."""

    def __init__(self, function: Any, *arguments: Any):
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def test_runs_no_code_of_a_strangers_file(tmp_path: Path, start: Any) -> None:
    trace, file = tmp_path / "trace", tmp_path / "stranger.pt"
    torch.save({"model": Runs(os.system, f"touch {trace}"), "train_args": {}}, file)
    trainer = start("export", "--model", str(file), "--output", str(tmp_path / "m.onnx"), "--images", str(tmp_path))
    error = list(trainer.events())[-1]
    assert trainer.process.wait() == 2 and error["kind"] == "input" and "system" in error["message"] and "stranger.pt" in error["message"]
    assert not trace.exists()


def test_builds_no_network_while_it_reads(tmp_path: Path) -> None:
    """A class of Ultralytics that is called reads, and may fetch, the file that it is given."""
    file = tmp_path / "calls.pt"
    torch.save({"model": Runs(DetectionModel, small_yaml(tmp_path)), "train_args": {}}, file)
    with pytest.raises(InputProblem, match="DetectionModel"):
        open_model(file)


def test_a_base_model_runs_no_code_of_its_description(ordinary: str, pose_data: str, tmp_path: Path) -> None:
    trace, file = tmp_path / "trace", tmp_path / "base.pt"
    model, content = open_model(ordinary)
    model.yaml["activation"] = f"open({str(trace)!r}, 'w') and torch.nn.ReLU()"
    torch.save({"model": model, "train_args": content["train_args"]}, file)
    weights, _ = open_model(file)
    with pytest.raises(InputProblem, match="activation"):
        build_on(str(file), weights, read_dataset(pose_data), "pose")
    assert not trace.exists()


@pytest.mark.parametrize(("content", "says"), [(b"", "cannot be read"), (b"not a model", "cannot be read"), (None, "is not there")])
def test_says_what_cannot_be_read(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "model.pt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputProblem, match=says):
        open_model(file)


def test_spreads_evenly() -> None:
    assert spread([1, 2, 3], 5) == [1, 2, 3]
    assert spread(list(range(101)), 5) == [0, 25, 50, 75, 100]
