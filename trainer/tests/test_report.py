"""Figures for each class, and the report, of a model that is known to find all but one."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import make_dataset
from torch import nn

from actverse_trainer.checkpoints import RunFolder
from actverse_trainer.dataset import Dataset, read_dataset
from actverse_trainer.evaluate import Evaluation, evaluate
from actverse_trainer.report import MOST_FRAMES, write_report
from actverse_trainer.report_svg import chart
from actverse_trainer.run import Run
from actverse_trainer.settings import resolve

SIZE = 96
NAME = "<script>alert('x')</script> & co"


class Knows(nn.Module):
    """Gives the labels of the frame that it is shown, as a raw head would; nothing for the one that it misses."""

    def __init__(self, data: Dataset, misses: int):
        super().__init__()
        self.names, self.data, self.misses, self.shown = data.names, data, misses, 0
        # Ultralytics orders frames by their shape, of which there is one here.
        self.order = np.ones(len(data.val)).argsort()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        height, width = images.shape[2:]
        raw = torch.zeros(len(images), 4 + len(self.names) + 6, 16)
        for i in range(len(images)):
            place = int(self.order[self.shown])
            frame, miss = self.data.val[place], place == self.misses
            self.shown += 1
            scale = SIZE / frame.width
            shift = np.array([width - frame.width * scale, height - frame.height * scale]) / 2
            for j, (box, points) in enumerate(zip(frame.boxes, frame.keypoints)):
                low, high = box[:2] * scale + shift, box[2:] * scale + shift
                raw[i, :4, j] = torch.tensor([*(low + high) / 2, *high - low])
                raw[i, 4 + frame.classes[j], j] = 0.0 if miss else 0.9
                raw[i, 4 + len(self.names) :, j] = torch.tensor(np.column_stack([points[:, :2] * scale + shift, [1, 1]]).reshape(-1))
        return raw


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    data = read_dataset(make_dataset(tmp_path, val=30))
    data.names = {0: NAME, 1: "never seen"}
    return data


def judged(data: Dataset) -> Evaluation:
    return evaluate(Knows(data, misses=3), data, "pose", SIZE, "cpu", 4)


def test_figures_for_each_class(data: Dataset) -> None:
    evaluation = judged(data)
    first, second = evaluation.per_class
    assert first["class"] == NAME and first["images"] == first["instances"] == 30
    # 29 of 30 are found and nothing else: precision 1 up to a recall of 29/30.
    assert all(first[key] == pytest.approx(29 / 30, abs=0.01) for key in ("box_map50", "box_map50_95", "pose_map50", "pose_map50_95"))
    assert second == {"class": "never seen", "images": 0, "instances": 0, "box_map50": None, "box_map50_95": None, "pose_map50": None, "pose_map50_95": None}
    worst, *others = evaluation.frames
    assert worst.score == 0 and Path(worst.frame.path).name == "00000003.png" and len(worst.boxes) == 0
    for one in others:
        assert one.score == pytest.approx(1, abs=0.01) and np.allclose(one.boxes, one.frame.boxes, atol=0.1) and np.allclose(one.keypoints[..., :2], one.frame.keypoints[..., :2], atol=0.1)


class Page(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.append(tag)
        self.links += [value for key, value in attributes if key in ("src", "href")]

    def handle_data(self, words: str) -> None:
        self.words.append(words)


def test_report(data: Dataset, tmp_path: Path) -> None:
    run = Run(data, resolve({"imgsz": 96, "device": "cpu", "epochs": 2}, data), RunFolder(str(tmp_path / "run")), None)
    run.folder.results.write_text("epoch,time,train/box_loss,metrics/mAP50(B),lr/pg0\n1,2,3.5,0.5,0.006\n2,4,nan,0.9,0.001\n")
    evaluation = judged(data)
    done = {"task": "pose", "base": "from scratch", "imgsz": 96, "epochs": 2, "best_epoch": 1, "metrics": {"box_map50": 0.9666}, "per_class": evaluation.per_class, "notes": ["5 < 6"]}
    paths = write_report(run, done, evaluation)
    content = json.loads(Path(paths["json"]).read_text())
    assert content["curves"] == [{"epoch": 1, "time": 2, "train/box_loss": 3.5, "metrics/mAP50(B)": 0.5, "lr/pg0": 0.006}, {"epoch": 2, "time": 4, "metrics/mAP50(B)": 0.9, "lr/pg0": 0.001}]
    assert len(content["frames"]) == MOST_FRAMES and content["frames"][0]["predicted"] == [] and len(content["frames"][0]["labeled"]) == 1
    assert [frame["score"] for frame in content["frames"]] == sorted(frame["score"] for frame in content["frames"])

    text = Path(paths["html"]).read_text()
    page = Page(text)
    assert "script" not in page.tags and page.links == [] and any(NAME in words for words in page.words) and any("5 < 6" in words for words in page.words)
    # Opens by itself: what it shows is in it.
    assert not re.findall(r"https?://|url\((?!data:)", text) and text.count("url(data:image/jpeg;base64,") == MOST_FRAMES
    assert page.tags.count("figure") == MOST_FRAMES + 3 and "96.7 %" in page.words


def test_a_chart_of_one_epoch() -> None:
    drawn = chart([("loss", [(1.0, 0.0)])])
    assert drawn.count("<circle") == 1 and "nan" not in drawn
