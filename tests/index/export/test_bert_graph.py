"""The graph of a BERT encoder, built from its weights."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from index.encoder.quantization import BitWidth
from index.export.block_quantizer import write_block_graph
from tests.index.export.graphs import WIDTH, build_random_bert, draw_inputs, run_graph


def test_graph_is_valid() -> None:
    """The graph passes the full check of onnx, types and shapes included."""
    onnx.checker.check_model(build_random_bert(), full_check=True)


def test_masked_tokens_do_not_count() -> None:
    """A text gives the same vector alone and padded in a batch."""
    model, (short, long) = build_random_bert(), draw_inputs(2)
    lengths = [one["embeddings"].shape[1] for one in (short, long)]
    batch = {
        "embeddings": np.ones((2, max(lengths), WIDTH), np.float32),
        "mask": np.zeros((2, max(lengths)), np.int64),
    }
    for number, one in enumerate((short, long)):
        batch["embeddings"][number, : lengths[number]] = one["embeddings"][0]
        batch["mask"][number, : lengths[number]] = 1

    assert np.allclose(run_graph(model, [batch]), run_graph(model, [short, long]), atol=1e-5)


def test_order_of_tokens_counts() -> None:
    """The same tokens in another order give another vector, because each position has its own embedding."""
    model, inputs = build_random_bert(), draw_inputs(1)[0]
    reverse = {**inputs, "embeddings": inputs["embeddings"][:, ::-1].copy()}

    assert np.sum(run_graph(model, [inputs]) * run_graph(model, [reverse])) < 0.999


@pytest.mark.parametrize("bits", [4, 8])
def test_block_quantised(bits: BitWidth, tmp_path: Path) -> None:
    """Each matrix takes 4 bits if it lies on their grid, else 8; either way the vectors stay those in float32."""
    model, inputs = build_random_bert(on_grid=bits == 4), draw_inputs(20)
    before = run_graph(model, inputs)

    write_block_graph(model, tmp_path / "graph.onnx")

    written = onnx.load(tmp_path / "graph.onnx")
    products = [node for node in written.graph.node if node.op_type == "MatMulNBits"]
    assert {attribute.i for node in products for attribute in node.attribute if attribute.name == "bits"} == {bits}
    assert np.sum(before * run_graph(tmp_path / "graph.onnx", inputs), axis=1).min() > 0.999
