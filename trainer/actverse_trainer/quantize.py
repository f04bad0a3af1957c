"""An exported model in 8 bit, for CPUs: the same network, quicker, a little less exact."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn
from ultralytics.data.augment import LetterBox

from .dataset import Dataset
from .errors import InputProblem
from .evaluate import evaluate
from .inputs import as_batch, letterboxed, spread

#: Says in the file's metadata what its arithmetic is.
PRECISION = "precision"
MODULE = re.compile(r"/model\.(\d+)/")
#: The head's blocks of convolutions before the last ones.
INNER = re.compile(r"/(one2one_)?cv\d\.\d/(one2one_)?cv\d\.\d\.[01]/")
BATCH = 8


def quantize(source: str, images: list[str], letterbox: LetterBox, output: str) -> None:
    """ONNX to ONNX. Weights and activations between the layers in 8 bit, their ranges from at most 64 of `images`.

    What the head does after its blocks of convolutions stays as it is: boxes and scores lie in one tensor there, hundreds of pixels
    beside shares of 1, and have no range in common. So do depthwise convolutions, whose few weights a channel lose most and cost
    least. Ranges are means over the pictures: the largest value ever seen takes steps from all others. Raises InputProblem for a
    graph whose nodes are not named as Ultralytics names them.
    """
    with tempfile.TemporaryDirectory(dir=Path(output).parent) as folder:
        prepared = str(Path(folder) / "prepared.onnx")
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        modules = {int(found[1]) for node in graph.node if (found := MODULE.match(node.name))}
        if not modules:
            raise InputProblem("The nodes of the exported graph are not named by Ultralytics' modules", "Leave training.int8 out for this model.")
        head = f"/model.{max(modules)}/"
        exact = [node.name for node in graph.node if not MODULE.match(node.name) or (node.name.startswith(head) and not INNER.search(node.name)) or _is_depthwise(node)]
        made = str(Path(folder) / "made.onnx")
        quantize_static(prepared, made, _Pictures(graph.input[0].name, spread(images), letterbox), quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=exact, extra_options={"CalibMovingAverage": True})
        about = {entry.key: entry.value for entry in onnx.load(source).metadata_props}
        model = onnx.load(made)
        onnx.helper.set_model_props(model, about | {PRECISION: "int8"})
        onnx.save(model, output)


def _is_depthwise(node: onnx.NodeProto) -> bool:
    return node.op_type == "Conv" and any(attribute.name == "group" and attribute.i > 1 for attribute in node.attribute)


class _Pictures(CalibrationDataReader):
    def __init__(self, input_name: str, images: list[str], letterbox: LetterBox):
        self.batches = ({input_name: as_batch(letterboxed(path, letterbox))} for path in images)

    def get_next(self) -> dict[str, Any] | None:
        return next(self.batches, None)


def points_lost(model: nn.Module, session: onnxruntime.InferenceSession, data: Dataset, task: str, imgsz: int) -> float:
    """mAP50-95 on the validation frames in percent, of the model less that of its 8-bit self: of boxes or of keypoints, whichever loses more."""
    before = _figures(model, data, task, imgsz)
    model.forward = lambda images, *_args, **_kwargs: _run(session, images)  # type: ignore[method-assign]
    after = _figures(model, data, task, imgsz)
    return max((100 * (one - other) for one, other in zip(before, after, strict=True)), default=0.0)


def _figures(model: nn.Module, data: Dataset, task: str, imgsz: int) -> list[float]:
    per_class = evaluate(model, data, task, imgsz, "cpu", BATCH).per_class
    columns = [[row.get(f"{what}_map50_95") for row in per_class] for what in ("box", "pose")]
    return [sum(known) / len(known) for column in columns if (known := [value for value in column if value is not None])]


def _run(session: onnxruntime.InferenceSession, images: torch.Tensor) -> torch.Tensor:
    """Image by image, as it is used: a graph may have a fixed batch."""
    name = session.get_inputs()[0].name
    return torch.cat([torch.from_numpy(session.run(None, {name: image[None].numpy()})[0]) for image in images])
