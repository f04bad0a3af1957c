"""Trains a YOLO model from a small dataset, exports it to ONNX and checks that both agree."""
