"""A dataset of moving dark ellipses with a bright head on grey noise: learnable in seconds, 64 pixels a side."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Iterator

import cv2
import numpy as np
import pytest
import yaml

from actverse_trainer.environment import prepare


def make_dataset(folder: Path, train: int = 12, val: int = 4, keypoints: bool = True) -> str:
    random = np.random.default_rng(1)
    for split, count in (("train", train), ("val", val)):
        images, labels = folder / "data" / "images" / split, folder / "data" / "labels" / split
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for i in range(count):
            picture = random.normal(150, 6, (64, 64, 3))
            x, y, angle = random.uniform(16, 48), random.uniform(16, 48), random.uniform(0, 2 * math.pi)
            cv2.ellipse(picture, ((x, y), (22, 9), math.degrees(angle)), (40, 40, 40), -1)
            head = x + 9 * math.cos(angle), y + 9 * math.sin(angle)
            cv2.circle(picture, (round(head[0]), round(head[1])), 3, (250, 250, 250), -1)
            half = 11 * abs(math.cos(angle)) + 4.5 * abs(math.sin(angle)), 11 * abs(math.sin(angle)) + 4.5 * abs(math.cos(angle))
            row = [0, x / 64, y / 64, 2 * half[0] / 64, 2 * half[1] / 64]
            if keypoints:
                tail = 2 * x - head[0], 2 * y - head[1]
                row += [head[0] / 64, head[1] / 64, 2, tail[0] / 64, tail[1] / 64, 2]
            cv2.imwrite(str(images / f"{i:08}.png"), np.clip(picture, 0, 255).astype(np.uint8))
            (labels / f"{i:08}.txt").write_text(" ".join(f"{value:.6f}" for value in row) + "\n")
    data: dict[str, Any] = {"path": str(folder / "data"), "train": "images/train", "val": "images/val", "names": {0: "bug"}}
    if keypoints:
        data |= {"kpt_shape": [2, 3], "kpt_names": {0: ["head", "tail"]}, "flip_idx": [0, 1]}
    file = folder / "data.yaml"
    file.write_text(yaml.safe_dump(data))
    return str(file)


# As the command line does, for the tests that import Ultralytics themselves.
prepare()


@pytest.fixture(scope="session")
def pose_data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_dataset(tmp_path_factory.mktemp("pose"))


class Trainer:
    """The command line as a caller sees it: JSON lines, acknowledgements, a process group."""

    def __init__(self, *arguments: str):
        command = [sys.executable, "-m", "actverse_trainer", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.words: list[str] = []
        threading.Thread(target=lambda: self.words.extend(self.process.stderr or ()), daemon=True).start()

    def events(self, acknowledge: bool = True) -> Iterator[dict[str, Any]]:
        for line in self.process.stdout or ():
            event = json.loads(line)
            yield event
            if acknowledge and event["event"] == "checkpoint":
                self.answer(event["epoch"])

    def answer(self, epoch: int) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"ack": epoch}) + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def start() -> Iterator[Any]:
    begun: list[Trainer] = []

    def begin(*arguments: str) -> Trainer:
        begun.append(Trainer(*arguments))
        return begun[-1]

    yield begin
    for trainer in begun:
        trainer.kill()
