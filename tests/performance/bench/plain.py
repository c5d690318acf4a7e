"""A plain implementation to compare with: SentenceTransformer on torch, FAISS, best passage.

Usage: plain.py MODEL INDEX

Reads {"id", "question"} lines and writes {"id", "answer", "latency_ms"} lines, as `gwbot ask --jsonl` does.
The first run creates the embeddings of the passages and stores them in the model folder.
"""

import json
import sys
import time
from pathlib import Path

import faiss
import numpy as np
from sentence_transformers import SentenceTransformer


def main(model_folder: Path, index_folder: Path) -> None:
    """Answer the questions on standard input."""
    model = SentenceTransformer(str(model_folder), device="cpu")
    texts = [json.loads(line)["text"] for line in (index_folder / "passages.jsonl").open(encoding="utf-8")]
    vectors_file = model_folder / "passages.npy"
    if not vectors_file.exists():
        np.save(vectors_file, model.encode(texts, prompt_name="document", batch_size=32))
    vectors = np.load(vectors_file)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    for line in sys.stdin:
        item = json.loads(line)
        start = time.perf_counter()
        vector = model.encode([item["question"]], prompt_name="query")
        _, rows = index.search(vector, 5)
        milliseconds = (time.perf_counter() - start) * 1000
        print(json.dumps({"id": item["id"], "answer": texts[rows[0][0]], "latency_ms": milliseconds}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
