"""An exported ONNX graph made small: matrices in blocks of 4 or 8 bits. Needs onnx, not torch."""

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

# Activations are rounded to 8 bits as well, in blocks of one token as long as the matrix's.
_INT8_ACCURACY_LEVEL = 4
_CONTRIB_DOMAIN = "com.microsoft"


def write_block_graph(model: onnx.ModelProto, bits: quantization.BitWidth, out: Path) -> None:
    """Quantises and optimises a graph of float32, for CPUs of any kind, and writes it to `out`."""
    for linear in GraphPatterns(model.graph).linears:
        if len(linear.matrix) % quantization.BLOCK_SIZE == 0:
            replace_with_block_matmul(model, linear, bits, quantization.BLOCK_SIZE)
    write_optimized_graph(model, out)


def write_optimized_graph(model: onnx.ModelProto, out: Path) -> None:
    """Optimises and writes a graph, without what the exporter notes about the machine it ran on."""
    _strip_unused(model)
    with tempfile.TemporaryDirectory(prefix="graph-") as folder:
        path = str(Path(folder) / out.name)
        onnx.save(model, path)
        _optimize_graph(path, out)


def replace_with_block_matmul(
    model: onnx.ModelProto, linear: LinearLayer, bits: quantization.BitWidth, block_size: int
) -> None:
    """Puts a product with blocks of numbers, bias included, in the place of a product with a matrix."""
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
    """Puts an operator of ONNX Runtime's own in the place of a node; inputs are values, constants, or left out."""
    input_names = []
    for number, value in enumerate(inputs):
        if isinstance(value, np.ndarray):
            input_names.append(f"{node.name}_{number}")
            model.graph.initializer.append(numpy_helper.from_array(value, input_names[-1]))
        else:
            input_names.append(value or "")
    node.CopyFrom(
        helper.make_node(operator, input_names, list(node.output), node.name, domain=_CONTRIB_DOMAIN, **attributes)
    )
    if all(opset.domain != _CONTRIB_DOMAIN for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(_CONTRIB_DOMAIN, 1))


def _strip_unused(model: onnx.ModelProto) -> None:
    """Removes what is used no longer, and source lines with their paths."""
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
    # Not the fusions: for the few words of a question, what they fuse takes longer than its parts.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(out)
    onnxruntime.InferenceSession(source_path, options, providers=["CPUExecutionProvider"])
