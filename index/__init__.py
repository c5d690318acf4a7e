"""Find the entry that answers a question: encoder, FAISS, FTS5, fusion, decision."""

import os

# Since version 1.32 ONNX Runtime sends telemetry on import unless this is set before.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
