"""Finding the entry that answers a question: encoder, FAISS, FTS5, fusion, decision."""

import os

# From 1.32 on ONNX Runtime reports to its makers when it is imported, unless this is set before.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
