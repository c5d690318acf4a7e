"""Shrink an exported ONNX graph by block-wise quantization with 4 or 8 bits. Needs onnx, not torch."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from index.encoder import quantization
from index.export.graph_patterns import GraphPatterns, LinearLayer

# Activations are rounded to 8 bits as well, in blocks of the same size per token.
_INT8_ACCURACY_LEVEL = 4
_CONTRIB_DOMAIN = "com.microsoft"


def write_block_graph(model: onnx.ModelProto, out: Path) -> None:
    """Quantise and optimise a float32 graph for any CPU, and write it to ``out``.

    A matrix takes 4 bits if that loses nothing, else 8.
    """
    for linear in GraphPatterns(model.graph).linears:
        if len(linear.matrix) % quantization.BLOCK_SIZE == 0:
            bits = quantization.choose_bit_width(np.ascontiguousarray(linear.matrix.T))
            replace_with_block_matmul(model, linear, bits, quantization.BLOCK_SIZE)
    write_optimized_graph(model, out)


def write_optimized_graph(model: onnx.ModelProto, out: Path) -> None:
    """Optimise and write a graph, without the exporter's notes on the machine it ran on."""
    _strip_unused(model)
    with tempfile.TemporaryDirectory(prefix="graph-") as folder:
        path = str(Path(folder) / out.name)
        onnx.save(model, path)
        _optimize_graph(path, out)


def replace_with_block_matmul(
    model: onnx.ModelProto, linear: LinearLayer, bits: quantization.BitWidth, block_size: int
) -> None:
    """Replace a matrix product and its bias by a product with a block-wise quantised matrix."""
    codes, scales = quantization.quantize_blocks(np.ascontiguousarray(linear.matrix.T), bits, block_size)
    replace_node(
        model,
        linear.output_node,
        "MatMulNBits",
        [linear.input_name, codes, scales, None, None, linear.bias],
        K=linear.matrix.shape[0],
        N=linear.matrix.shape[1],
        bits=bits,
        block_size=block_size,
        accuracy_level=_INT8_ACCURACY_LEVEL,
    )


def replace_node(
    model: onnx.ModelProto,
    node: onnx.NodeProto,
    operator: str,
    inputs: Sequence[str | NDArray[Any] | None],
    **attributes: Any,
) -> None:
    """Replace a node by an ONNX Runtime contrib operator; inputs are names, constants, or None if omitted."""
    input_names = []
    for number, value in enumerate(inputs):
        if isinstance(value, np.ndarray):
            input_names.append(f"{node.name}_{number}")
            model.graph.initializer.append(numpy_helper.from_array(value, input_names[-1]))
        else:
            input_names.append(value or "")
    outputs = list(node.output)
    node.CopyFrom(helper.make_node(operator, input_names, outputs, node.name, domain=_CONTRIB_DOMAIN, **attributes))
    if all(opset.domain != _CONTRIB_DOMAIN for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(_CONTRIB_DOMAIN, 1))


def _strip_unused(model: onnx.ModelProto) -> None:
    """Remove unused nodes and constants, and source references with their paths."""
    graph = model.graph
    used_names, kept_nodes = {value.name for value in graph.output}, []
    for node in reversed(graph.node):
        if used_names.intersection(node.output):
            used_names.update(node.input)
            kept_nodes.append(node)
    tensors = [tensor for tensor in graph.initializer if tensor.name in used_names]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept_nodes))
    graph.initializer.extend(tensors)
    values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    for proto in (model, graph, *graph.node, *values):
        proto.ClearField("metadata_props")
        proto.ClearField("doc_string")


def _optimize_graph(source_path: str, out: Path) -> None:
    options = onnxruntime.SessionOptions()
    # Without fusions: for the few words of a query, fused operators are slower than their parts.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(out)
    onnxruntime.InferenceSession(source_path, options, providers=["CPUExecutionProvider"])
