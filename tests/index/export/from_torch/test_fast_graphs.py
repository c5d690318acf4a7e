"""Faster graphs of models traced by torch: attention is fused only where it has the usual form."""

from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from index.export.from_torch.source_model import export_to_onnx
from index.export.int8_quantizer import write_fast_graph
from tests.index.export.graphs import FEED_FORWARD, HEAD_COUNT, LAYER_COUNT, WIDTH, draw_inputs, run_graph
from tests.support.missing_tools import needs_torch

pytestmark = needs_torch
SIZES = {
    "vocab_size": 9,
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYER_COUNT,
    "num_attention_heads": HEAD_COUNT,
    "intermediate_size": FEED_FORWARD,
    "initializer_range": 0.2,
}


def trace_untrained(kind: str) -> onnx.ModelProto:
    """The layers of an untrained model of this kind in float32, from word embeddings to the first token's state."""
    import torch
    import transformers

    some: Any = transformers  # its classes are found at run time
    some.set_seed(7)

    class First(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = getattr(some, f"{kind}Model")(getattr(some, f"{kind}Config")(**SIZES)).eval()
            self.layers.set_attn_implementation("eager")

        def forward(self, embeddings: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            state: torch.Tensor = self.layers(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
            return state[:, 0]

    return export_to_onnx(First(), WIDTH, ("embeddings", "mask"), "vectors")


def trace_biased_attention() -> onnx.ModelProto:
    """One attention to whose scores a learned number for each distance is added, together with the mask."""
    import torch

    torch.manual_seed(7)

    class Biased(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList(torch.nn.Linear(WIDTH, WIDTH) for _ in range(4))
            self.distances = torch.nn.Embedding(1_024, HEAD_COUNT)

        def forward(self, embeddings: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            batch, tokens, _ = embeddings.shape
            query, key, value = (
                part(embeddings).view(batch, tokens, HEAD_COUNT, -1).transpose(1, 2) for part in self.parts[:3]
            )
            places = torch.arange(tokens)
            bias = self.distances(places[:, None] - places + 512).permute(2, 0, 1)
            away = (1.0 - mask[:, None, None].float()) * -1e9
            scores = query @ key.transpose(-1, -2) * (WIDTH // HEAD_COUNT) ** -0.5 + (bias + away)
            mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, tokens, WIDTH)
            first: torch.Tensor = self.parts[3](mixed)[:, 0]
            return first

    return export_to_onnx(Biased(), WIDTH, ("embeddings", "mask"), "vectors")


@pytest.fixture
def fast(tmp_path: Path) -> Path:
    """The path of a faster graph."""
    return tmp_path / "fast.onnx"


@pytest.mark.parametrize(("kind", "fused"), [("Bert", LAYER_COUNT), ("XLMRoberta", LAYER_COUNT), ("MPNet", 0)])
def test_fast_graph_gives_the_same_vectors(kind: str, fused: int, fast: Path) -> None:
    """Attention of the usual form is fused, and the vectors stay close either way."""
    model, inputs = trace_untrained(kind), draw_inputs(20)

    write_fast_graph(deepcopy(model), inputs[:10], fast)

    operators = Counter(node.op_type for node in onnx.load(fast).graph.node)
    assert (operators["QAttention"], operators["Softmax"]) == (fused, LAYER_COUNT - fused)
    assert operators["DynamicQuantizeMatMul"] == 2 * fused + 5 * (LAYER_COUNT - fused)
    assert operators["MatMulNBits"] == LAYER_COUNT
    assert np.sum(run_graph(model, inputs) * run_graph(fast, inputs), axis=1).min() > 0.99


def test_learned_bias_beside_the_mask(fast: Path) -> None:
    """Attention to whose scores more than the mask is added is not fused."""
    model, inputs = trace_biased_attention(), draw_inputs(20)

    write_fast_graph(deepcopy(model), inputs[:10], fast)

    assert "Softmax" in {node.op_type for node in onnx.load(fast).graph.node}
    assert np.sum(run_graph(model, inputs) * run_graph(fast, inputs), axis=1).min() > 0.99
