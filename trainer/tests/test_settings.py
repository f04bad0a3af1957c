from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import make_dataset

from actverse_trainer.asked import ALLOWED, read_asked
from actverse_trainer.dataset import Dataset, read_dataset
from actverse_trainer.errors import InputProblem
from actverse_trainer.samples import Crops
from actverse_trainer.settings import Settings, resolve


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return read_dataset(make_dataset(tmp_path))


def test_defaults(data: Dataset) -> None:
    settings = resolve({"device": "cpu", "epochs": None}, data)
    assert (settings.task, settings.scale, settings.mirror, settings.rotate) == ("pose", "micro", True, True)
    assert settings.imgsz == 192 and settings.crop == 192
    assert resolve({"task": "detect"}, data).task == "detect"


WRONG: list[tuple[str, Any]] = [
    *(("task", x) for x in ("segment", 1)),
    *(("base_model", x) for x in ("", 5)),
    ("scale", "huge"),
    *(("imgsz", x) for x in (63, 100, 4096, "640", 64.0)),
    *((key, x) for key in ("epochs", "patience") for x in (0, 5001, "3", 2.5, True)),
    *(("batch", x) for x in (0, 513, -1, "8")),
    *(("device", x) for x in ("gpu", "0,", "cpu,0", 0)),
    *(("seed", x) for x in (-1, 2**31)),
    *(("augment", x) for x in ("yes", 1, {"blur": True}, {"flip": 1})),
    *(("time_limit", x) for x in (0, 1.5)),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_names_the_setting_and_what_is_allowed(key: str, value: Any) -> None:
    with pytest.raises(InputProblem) as problem:
        read_asked(json.dumps({key: value}))
    assert f"training.{key} is {json.dumps(value)}" in str(problem.value) and ALLOWED[key][0] in str(problem.value)


def test_every_setting_has_a_wrong_value_above() -> None:
    assert {key for key, _ in WRONG} == set(ALLOWED)


@pytest.mark.parametrize(("text", "says"), [('{"epoch": 3}', "Unknown training setting: epoch"), ("[]", "no JSON object"), ("{", "no JSON")])
def test_settings_that_are_none(text: str, says: str) -> None:
    with pytest.raises(InputProblem, match=says) as problem:
        read_asked(text)
    assert "epoch" not in text or "Known are: task, base_model" in problem.value.what_to_do


def test_switches_of_augmentation(data: Dataset) -> None:
    only_color = resolve({"augment": {"flip": False, "rotate": False, "scale": False}}, data)
    assert only_color.augment == {"flip": False, "rotate": False, "scale": False, "color": True} and not only_color.mirror and not only_color.rotate
    assert set(resolve({"augment": False}, data).augment.values()) == {False}
    data.flip_idx = None
    assert not resolve({"augment": {"flip": True}}, data).mirror and resolve({"augment": {"flip": True}, "task": "detect"}, data).mirror


@pytest.mark.parametrize("off", ["color", "scale", "rotate", "flip"])
def test_what_is_switched_off_does_not_happen(data: Dataset, off: str) -> None:
    """The matrices of many samples: their scale, angle and mirror; and whether the pixels' colours change."""
    from ultralytics.cfg import get_cfg

    settings = resolve({"device": "cpu", "imgsz": 64, "augment": {off: False}}, data)
    crops = Crops(data.train, data, settings, 8, hyp=get_cfg(), imgsz=64, data={"names": data.names, "nc": 1, "kpt_shape": [2, 3], "channels": 3}, task="pose", augment=False, batch_size=8, stride=32)
    np.random.seed(0)
    turns = np.array([crops._matrix(data.train[0], 0, True)[0][:, :2] for _ in range(50)])
    sides = np.linalg.det(turns)
    angles = np.arctan2(turns[:, 1, 1], turns[:, 0, 1])
    varies = {"scale": np.abs(sides).std() > 1e-6, "flip": (sides < 0).any(), "rotate": angles.std() > 1e-6}
    assert {key: bool(value) for key, value in varies.items()} == {key: key != off for key in varies}
    # Where colours are left alone, nothing is brighter than the spot of 250, nor darker than the body of 40.
    values = np.concatenate([crops[i]["img"].numpy().reshape(-1) for i in range(8)])
    assert (values.max() <= 250 and values.min() >= 40) == (off == "color")


def test_goes_on_elsewhere_with_as_many_samples(data: Dataset) -> None:
    settings = resolve({"device": "cpu"}, data)
    halved = Settings.from_dict(settings.as_dict()).moved_to("cpu", settings.batch // 2)
    assert halved.batch * halved.batches == settings.batch * settings.batches
    # A checkpoint from before augmentation had switches.
    assert Settings.from_dict(settings.as_dict() | {"augment": False}).augment["flip"] is False
    # Each of several devices gets the same share.
    assert resolve({"device": "cpu,cpu,cpu", "batch": 32}, data).batch == 33


def test_names_a_device_that_is_not_there(data: Dataset) -> None:
    with pytest.raises(InputProblem, match="training.device is 98,99. There .* CUDA device"):
        resolve({"device": "98,99"}, data)
