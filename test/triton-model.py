"""Stands in for Triton's ONNX Runtime backend in the tests: runs the model.onnx that lies beside it."""
from pathlib import Path

import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        file = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.output = self.session.get_outputs()[0].name

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        try:
            images = pb_utils.get_input_tensor_by_name(request, self.input).as_numpy()
            return pb_utils.InferenceResponse([pb_utils.Tensor(self.output, self.session.run([self.output], {self.input: images})[0])])
        except Exception as error:
            return pb_utils.InferenceResponse([], pb_utils.TritonError(str(error)))
