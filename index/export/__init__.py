"""Export encoders as quantised ONNX graphs."""
