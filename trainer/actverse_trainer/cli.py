"""actverse-trainer train | resume | export | check: JSON lines on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from typing import TYPE_CHECKING

from .asked import ALLOWED, devices_of, read_asked
from .channel import Channel
from .environment import prepare
from .errors import InputProblem, error_of
from .memory import RESERVE_BYTES
from .ranks import Peers, announce

if TYPE_CHECKING:
    from .parity import Compared

SETTINGS_HELP = """training settings, as a JSON object:
{settings}
Each may be left out or null: the default depends on the device, the dataset and the size of the animals, and is told in the
line `start`."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="actverse-trainer", description=__doc__)
    top.add_argument("--standalone", action="store_true", help="do not read stdin: no acknowledgements, no life-line; comes before the command")
    commands = top.add_subparsers(dest="command", required=True, metavar="{train,resume,export,check}")
    settings = "\n".join(f"  {key}: {words}" for key, (words, _) in ALLOWED.items())
    for name, what in (("train", "train, or go on where the run folder has checkpoints"), ("resume", "go on; an error where there is nothing to go on from")):
        command = commands.add_parser(name, help=what, description=what, formatter_class=argparse.RawTextHelpFormatter)
        command.add_argument("--data", required=True, help="data.yaml of the dataset")
        command.add_argument("--run", required=True, help="folder of checkpoints, results.csv, model.pt, report.html and report.json")
        command.add_argument("--settings", default="{}", help=SETTINGS_HELP.format(settings=settings).replace("%", "%%"))
    export_what, check_what = "a .pt model to ONNX, then as check", "how far ONNX Runtime's results are from PyTorch's, on images"
    export = commands.add_parser("export", help=export_what, description=export_what)
    export.add_argument("--output", required=True, help="the ONNX file to write")
    export.add_argument("--int8", metavar="FILE", help="with --data: also write the model in 8 bit, for CPUs, calibrated on the training images, and compare it too")
    check = commands.add_parser("check", help=check_what, description=check_what)
    check.add_argument("--onnx", required=True, help="the ONNX file that was made of the model")
    for command in (export, check):
        command.add_argument("--model", required=True, help="a .pt file of this trainer or of Ultralytics, for boxes or for keypoints; it is opened without running code in it")
        command.add_argument("--imgsz", type=_positive, help="longer side of the input in pixels; default: as the model was trained")
        where = command.add_mutually_exclusive_group(required=True)
        where.add_argument("--data", help="data.yaml, whose validation images are compared")
        where.add_argument("--images", help="folder of images to compare instead, at most 64 of them, spread evenly")
        command.add_argument("--reference", help="folder for up to 64 of the images as the network gets them (PNG), and reference.json: what PyTorch finds in them")
    return top


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def main() -> None:
    prepare()
    if sys.argv[1:] == ["peer"]:
        peer()
    arguments = parser().parse_args()
    channel = Channel(arguments.standalone or sys.stdin is None or sys.stdin.isatty())
    peers: list[Peers] = []
    reserve = bytearray(RESERVE_BYTES)
    try:
        if arguments.command in ("train", "resume"):
            _train(arguments, channel, peers)
        else:
            _export(arguments, channel)
    except Exception as problem:
        del reserve
        error = error_of(problem)
        for others in peers:
            others.wait_for_cause()
        channel.emit("error", **error)
        # os._exit: threads and half-done native work must not turn an error into a hang or a crash.
        os._exit(2)
    os._exit(0)


def peer() -> None:
    """One of several processes of a training, whose first started it: see ranks.py."""
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1) or os._exit(1)
    channel = Channel(standalone=False)
    reserve = bytearray(RESERVE_BYTES)
    try:
        from .peer import train_as_peer

        train_as_peer(json.loads(line))
    except Exception as problem:
        del reserve
        channel.emit("error", **error_of(problem))
        os._exit(2)
    os._exit(0)


def _train(arguments: argparse.Namespace, channel: Channel, peers: list[Peers]) -> None:
    asked = read_asked(arguments.settings)
    if (count := devices_of(asked)) > 1:
        announce(0, count)

    from .checkpoints import OURS, RunFolder
    from .dataset import read_dataset
    from .finish import finish
    from .network import find_base
    from .run import Run
    from .settings import Settings, resolve
    from .training import train

    data = read_dataset(arguments.data)
    folder = RunFolder(arguments.run)
    checkpoint, notes = folder.newest()
    if arguments.command == "resume" and checkpoint is None:
        raise InputProblem(f"{arguments.run} has no checkpoint to go on from", "Start with train.")
    settings = resolve(asked, data)
    if checkpoint:
        settings = Settings.from_dict(checkpoint[OURS]["settings"]).moved_to(settings.device, asked.get("batch"))
    run = Run(data, settings, folder, channel)
    run.checkpoint, run.notes = checkpoint, [*data.notes, *notes]
    run.base_path, run.base = (None, checkpoint[OURS]["base"]) if checkpoint else find_base(settings)
    start = checkpoint["epoch"] + 1 if checkpoint else 0
    channel.emit("start", **settings.as_dict(), base=run.base, resumed_from=start or None, train_images=len(data.train), val_images=len(data.val), boxes=data.instances, notes=run.notes)

    def start_peers() -> None:
        if count > 1:
            others = Peers(count, arguments.run, lambda error: (channel.emit("error", **{key: error[key] for key in ("kind", "message", "what_to_do")}), os._exit(2)))
            peers.append(others)
            run.meeting = others.meeting
            others.start({"data": arguments.data, "run": arguments.run, "settings": settings.as_dict(), "base_path": run.base_path, "epoch": start - 1})

    train(run, start_peers)
    for others in peers:
        others.finish()
    channel.emit("done", **finish(run))


def _export(arguments: argparse.Namespace, channel: Channel) -> None:
    from .export import export_onnx, open_for
    from .inputs import images_of
    from .parity import Compared, check_parity, write_reference

    opened = open_for(arguments.model, arguments.imgsz)
    images = images_of(arguments.data, arguments.images)
    about = {"task": opened.task, "imgsz": opened.imgsz}
    onnx = arguments.onnx if arguments.command == "check" else arguments.output
    if arguments.command == "export":
        export_onnx(arguments.model, opened.imgsz, onnx)
        channel.emit("exported", output=onnx, bytes=os.path.getsize(onnx), **about)
    compared = Compared(opened, onnx)
    parity = check_parity(compared, images, lambda done, total: channel.emit("progress", done=done, total=total))
    if arguments.reference:
        file, count = write_reference(compared, images, arguments.reference)
        channel.emit("reference", file=file, images=count)
    if arguments.command == "export" and arguments.int8:
        _export_int8(arguments, channel, compared, images)
    channel.emit("parity", **parity, **about)


def _export_int8(arguments: argparse.Namespace, channel: Channel, exact: Compared, images: list[str]) -> None:
    """A model that cannot be had in 8 bit is none the worse: the reason is told."""
    from .dataset import read_dataset
    from .parity import INT8_DOUBT, Compared, check_parity
    from .quantize import points_lost, quantize

    opened = exact.opened
    try:
        if arguments.data is None:
            raise InputProblem("--int8 needs labels to compare with", "Give --data.")
        data = read_dataset(arguments.data)
        quantize(arguments.output, [frame.path for frame in data.train], exact.letterbox, arguments.int8)
        compared = Compared(opened, arguments.int8, INT8_DOUBT)
        parity = check_parity(compared, images, lambda done, total: channel.emit("progress", done=done, total=total))
        lost = points_lost(opened.model, compared.session, data, opened.task, opened.imgsz)
        channel.emit("int8", output=arguments.int8, bytes=os.path.getsize(arguments.int8), points_lost=round(lost, 3), **parity)
    except InputProblem as problem:
        channel.emit("int8", refused=str(problem))
    except Exception as problem:
        traceback.print_exc()
        channel.emit("int8", refused=f"it could not be made: {str(problem) or type(problem).__name__}"[:2000])
