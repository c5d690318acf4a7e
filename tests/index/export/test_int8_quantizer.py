"""The faster graph: what is joined in it, what is left alone, and that it gives what the model gives."""

from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from index.encoder.quantization import Floats
from index.export.graph_patterns import GraphPatterns
from index.export.int8_quantizer import GraphInputs, write_fast_graph
from index.export.model_folder import export_to_onnx

WIDTH, LAYERS, HEADS = 64, 2, 4
SIZES = {
    "vocab_size": 9,
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": 256,
    "initializer_range": 0.2,
}


def model(kind: str) -> onnx.ModelProto:
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


def biased() -> onnx.ModelProto:
    """One attention to whose scores a learned number for each distance is added, together with the mask."""
    import torch

    torch.manual_seed(7)

    class Biased(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList(torch.nn.Linear(WIDTH, WIDTH) for _ in range(4))
            self.distances = torch.nn.Embedding(1_024, HEADS)

        def forward(self, embeddings: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            batch, tokens, _ = embeddings.shape
            query, key, value = (
                part(embeddings).view(batch, tokens, HEADS, -1).transpose(1, 2) for part in self.parts[:3]
            )
            places = torch.arange(tokens)
            bias = self.distances(places[:, None] - places + 512).permute(2, 0, 1)
            away = (1.0 - mask[:, None, None].float()) * -1e9
            scores = query @ key.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5 + (bias + away)
            mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, tokens, WIDTH)
            first: torch.Tensor = self.parts[3](mixed)[:, 0]
            return first

    return export_to_onnx(Biased(), WIDTH, ("embeddings", "mask"), "vectors")


def texts(count: int) -> list[GraphInputs]:
    """Made-up texts of 5 to 20 tokens."""
    rng = np.random.default_rng(7)
    sizes = rng.integers(5, 20, count)
    embeddings = [rng.standard_normal((1, size, WIDTH), dtype=np.float32) for size in sizes]
    return [{"embeddings": found, "mask": np.ones(found.shape[:2], np.int64)} for found in embeddings]


def answers(graph: bytes | str, inputs: list[GraphInputs]) -> Floats:
    """What a graph gives for each of the inputs, one after the other, with length 1."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    found: Floats = np.concatenate([session.run(None, dict(one))[0] for one in inputs])
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


@pytest.fixture
def fast(tmp_path: Path) -> Path:
    """Where a faster graph is written."""
    return tmp_path / "fast.onnx"


@pytest.mark.parametrize(("kind", "joined"), [("Bert", LAYERS), ("XLMRoberta", LAYERS), ("MPNet", 0)])
def test_a_faster_graph_gives_the_same(kind: str, joined: int, fast: Path) -> None:
    """Attention is joined where it has the usual form; the vectors stay near in both cases."""
    exported, inputs = model(kind), texts(20)

    write_fast_graph(deepcopy(exported), inputs[:10], fast)

    kinds = Counter(node.op_type for node in onnx.load(fast).graph.node)
    assert (kinds["QAttention"], kinds["Softmax"]) == (joined, LAYERS - joined)
    assert kinds["DynamicQuantizeMatMul"] == 2 * joined + 5 * (LAYERS - joined)
    assert kinds["MatMulNBits"] == LAYERS
    near = np.sum(answers(exported.SerializeToString(), inputs) * answers(str(fast), inputs), axis=1)
    assert near.min() > 0.99


def test_learned_numbers_beside_the_mask(fast: Path) -> None:
    """Attention to whose scores more than the mask is added is left as it is."""
    exported, inputs = biased(), texts(20)

    write_fast_graph(deepcopy(exported), inputs[:10], fast)

    assert "Softmax" in {node.op_type for node in onnx.load(fast).graph.node}
    near = np.sum(answers(exported.SerializeToString(), inputs) * answers(str(fast), inputs), axis=1)
    assert near.min() > 0.99


def test_tokens_that_do_not_count(fast: Path) -> None:
    """A text with tokens after it that the mask leaves out gives what it gives alone."""
    write_fast_graph(model("Bert"), texts(5), fast)
    alone = texts(1)[0]
    rest = np.ones((1, 7, WIDTH), np.float32)
    longer = {
        "embeddings": np.concatenate([alone["embeddings"], rest], axis=1),
        "mask": np.concatenate([alone["mask"], np.zeros((1, 7), np.int64)], axis=1),
    }

    assert np.sum(answers(str(fast), [alone]) * answers(str(fast), [longer])) > 0.999


def test_what_is_read_of_a_graph() -> None:
    """Each product is found with its matrix and its bias, and each attention with the number of its heads."""
    reading = GraphPatterns(model("Bert").graph)

    shapes = Counter(linear.matrix.shape for linear in reading.linears)
    assert shapes == {(WIDTH, WIDTH): 4 * LAYERS, (WIDTH, 256): LAYERS, (256, WIDTH): LAYERS}
    assert all(linear.bias.shape == linear.matrix.shape[1:] for linear in reading.linears)
    assert [attention.head_count for attention in reading.attentions] == [HEADS] * LAYERS
