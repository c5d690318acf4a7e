"""Encoders become ONNX graphs, quantised for the processor."""
