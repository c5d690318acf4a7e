"""The faster graph: its operators are fused, and it gives the vectors of the float32 graph."""

from collections import Counter
from copy import deepcopy
from pathlib import Path

import numpy as np
import onnx
import pytest

from index.export.graph_patterns import GraphPatterns
from index.export.int8_quantizer import write_fast_graph
from tests.index.export.graphs import (
    FEED_FORWARD,
    HEAD_COUNT,
    LAYER_COUNT,
    WIDTH,
    build_random_bert,
    draw_inputs,
    run_graph,
)


@pytest.fixture
def fast(tmp_path: Path) -> Path:
    """The path of a faster graph."""
    return tmp_path / "fast.onnx"


def test_fast_graph_gives_the_same_vectors(fast: Path) -> None:
    """Attention and biases are fused, and the vectors stay close to those of the float32 graph."""
    model, inputs = build_random_bert(), draw_inputs(20)

    write_fast_graph(deepcopy(model), inputs[:10], fast)

    operators = Counter(node.op_type for node in onnx.load(fast).graph.node)
    assert (operators["QAttention"], operators["Softmax"]) == (LAYER_COUNT, 0)
    assert operators["DynamicQuantizeMatMul"] == 2 * LAYER_COUNT
    assert operators["MatMulNBits"] == LAYER_COUNT
    assert np.sum(run_graph(model, inputs) * run_graph(fast, inputs), axis=1).min() > 0.99


def test_masked_tokens_do_not_count(fast: Path) -> None:
    """Tokens that the mask leaves out change nothing."""
    write_fast_graph(build_random_bert(), draw_inputs(5), fast)
    alone = draw_inputs(1)[0]
    padding = np.ones((1, 7, WIDTH), np.float32)
    padded = {
        "embeddings": np.concatenate([alone["embeddings"], padding], axis=1),
        "mask": np.concatenate([alone["mask"], np.zeros((1, 7), np.int64)], axis=1),
    }

    assert np.sum(run_graph(fast, [alone]) * run_graph(fast, [padded])) > 0.999


def test_graph_patterns() -> None:
    """Each product is found with its matrix and its bias, and each attention with its number of heads."""
    patterns = GraphPatterns(build_random_bert().graph)

    shapes = Counter(linear.matrix.shape for linear in patterns.linears)
    assert shapes == {
        (WIDTH, WIDTH): 4 * LAYER_COUNT,
        (WIDTH, FEED_FORWARD): LAYER_COUNT,
        (FEED_FORWARD, WIDTH): LAYER_COUNT,
    }
    assert all(linear.bias.shape == linear.matrix.shape[1:] for linear in patterns.linears)
    assert [attention.head_count for attention in patterns.attentions] == [HEAD_COUNT] * LAYER_COUNT
