from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import make_dataset

from actverse_trainer.dataset import read_dataset
from actverse_trainer.errors import InputProblem


def first_label(folder: Path) -> Path:
    return folder / "data" / "labels" / "train" / "00000000.txt"


def test_reads_pixels(tmp_path: Path) -> None:
    data = read_dataset(make_dataset(tmp_path))
    assert data.task == "pose" and data.names == {0: "bug"} and data.keypoints == ["head", "tail"] and data.flip_idx == [0, 1]
    frame = data.train[0]
    assert (frame.width, frame.height) == (64, 64) and frame.boxes.shape == (1, 4) and frame.keypoints.shape == (1, 2, 3)
    row = [float(x) for x in first_label(tmp_path).read_text().split()]
    assert np.allclose(frame.boxes[0], [64 * (row[1] - row[3] / 2), 64 * (row[2] - row[4] / 2), 64 * (row[1] + row[3] / 2), 64 * (row[2] + row[4] / 2)], atol=1e-3)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("0 0.5 0.5 0.2 0.2", "5 numbers, not 11"),
        ("3 0.5 0.5 0.2 0.2 0 0 0 0 0 0", "class 3"),
        ("0 0.5 0.5 0 0.2 0 0 0 0 0 0", "zero size"),
        ("0 1.5 0.5 0.2 0.2 0 0 0 0 0 0", "outside"),
        ("0 nan 0.5 0.2 0.2 0 0 0 0 0 0", "line 1"),
        ("a b", "no row of numbers"),
    ],
)
def test_names_the_line_that_is_wrong(tmp_path: Path, row: str, says: str) -> None:
    data = make_dataset(tmp_path)
    first_label(tmp_path).write_text(row + "\n")
    with pytest.raises(InputProblem, match=says) as problem:
        read_dataset(data)
    assert "00000000.txt" in str(problem.value)


def test_no_labels_at_all(tmp_path: Path) -> None:
    data = make_dataset(tmp_path)
    for file in (tmp_path / "data" / "labels" / "train").iterdir():
        file.write_text("")
    with pytest.raises(InputProblem, match="No animal is labeled"):
        read_dataset(data)


def test_broken_image_and_yaml(tmp_path: Path) -> None:
    data = make_dataset(tmp_path)
    (tmp_path / "data" / "images" / "val" / "00000001.png").write_bytes(b"not a picture")
    with pytest.raises(InputProblem, match="00000001.png cannot be read"):
        read_dataset(data)
    Path(data).write_text("train: [")
    with pytest.raises(InputProblem, match="no usable data.yaml"):
        read_dataset(data)


def test_validates_on_training_images_where_there_are_no_others(tmp_path: Path) -> None:
    data = read_dataset(make_dataset(tmp_path, val=0))
    assert len(data.val) == 12 and "too good" in data.notes[0]


def test_animals_all_pointing_one_way_are_not_turned_round(tmp_path: Path) -> None:
    data = read_dataset(make_dataset(tmp_path))
    for frame in data.train:
        frame.keypoints[:] = [[40, 30, 2], [20, 30, 2]]
    assert not data.seen_from_above()
