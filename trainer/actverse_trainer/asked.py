"""Checks what was asked for, before anything is done: each problem names the setting and what is allowed."""

from __future__ import annotations

import json
import re
from typing import Any, Callable

from .errors import InputProblem

TASKS = ("auto", "detect", "pose")
SCALES = ("auto", "micro", "n", "s", "m", "l", "x")
#: Switches of `augment`, each true unless said otherwise.
AUGMENT = ("flip", "rotate", "scale", "color")
DEVICE = re.compile(r"auto|cpu(,cpu)*|mps|cuda|[0-9]+(,[0-9]+)*")


def _whole(low: int, high: int | None = None, step: int = 1) -> tuple[str, Callable[[Any], bool]]:
    words = f"a whole number from {low} on" if high is None else f"a whole number from {low} to {high}"
    words += f" that is a multiple of {step}" if step > 1 else ""
    return words, lambda value: type(value) is int and value >= low and (high is None or value <= high) and value % step == 0


def _one_of(values: tuple[str, ...]) -> tuple[str, Callable[[Any], bool]]:
    return f"one of {', '.join(values)}", lambda value: value in values


def _switches(value: Any) -> bool:
    return type(value) is bool or (isinstance(value, dict) and set(value) <= set(AUGMENT) and all(type(switch) is bool for switch in value.values()))


#: Keys of the JSON that `train --settings` takes: what is allowed, in words, and whether a value is. null means the default.
ALLOWED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "task": _one_of(TASKS),
    "base_model": ("auto, scratch, the path of a .pt file, or the name of an Ultralytics model", lambda value: isinstance(value, str) and bool(value.strip())),
    "scale": _one_of(SCALES),
    "imgsz": _whole(64, 2048, 32),
    "epochs": _whole(1, 5000),
    "patience": _whole(1, 5000),
    "batch": _whole(1, 512),
    "device": ("auto, cpu, mps, cuda, or the numbers of GPUs such as 0 or 0,1", lambda value: isinstance(value, str) and DEVICE.fullmatch(value) is not None),
    "seed": _whole(0, 2_147_483_647),
    "augment": (f"true, false, or an object of switches ({', '.join(AUGMENT)}), each true or false", _switches),
    "time_limit": _whole(1),
}


def read_asked(text: str) -> dict[str, Any]:
    """The settings that were asked for, without those that are null. Raises InputProblem."""
    try:
        asked = json.loads(text)
    except ValueError as problem:
        raise InputProblem(f"--settings is no JSON: {problem}", "Give a JSON object of training settings.") from problem
    if not isinstance(asked, dict):
        raise InputProblem("--settings is no JSON object", "Give a JSON object of training settings.")
    return check_asked(asked)


def check_asked(asked: dict[str, Any]) -> dict[str, Any]:
    asked = {key: value for key, value in asked.items() if value is not None}
    if unknown := sorted(set(asked) - set(ALLOWED)):
        raise InputProblem(f"Unknown training setting: {', '.join(unknown)}", f"Known are: {', '.join(ALLOWED)}.")
    for key, value in asked.items():
        words, allowed = ALLOWED[key]
        if not allowed(value):
            raise InputProblem(f"training.{key} is {json.dumps(value)[:100]}, but allowed is {words}", f"Correct training.{key}.")
    return asked


def devices_of(asked: dict[str, Any]) -> int:
    """How many devices were asked for: a process for each."""
    return len(str(asked.get("device", "auto")).split(","))


def switches_of(augment: bool | dict[str, bool]) -> dict[str, bool]:
    given = dict.fromkeys(AUGMENT, augment) if isinstance(augment, bool) else augment
    return {key: given.get(key, True) for key in AUGMENT}
