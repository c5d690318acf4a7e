"""Encode texts as vectors with ONNX Runtime."""
