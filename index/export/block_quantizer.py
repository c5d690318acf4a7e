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
from index.export.graph_patterns import Linear, Reading

# Activations are rounded to 8 bits as well, in blocks of one token as long as the matrix's.
_INT8_ACTIVATIONS = 4
_CONTRIB = "com.microsoft"


def finish(model: onnx.ModelProto, bits: quantization.Bits, out: Path) -> None:
    """Quantises and optimises a graph of float32, for CPUs of any kind, and writes it to `out`."""
    for linear in Reading(model.graph).linears:
        if len(linear.matrix) % quantization.BLOCK == 0:
            in_blocks(model, linear, bits, quantization.BLOCK)
    write(model, out)


def write(model: onnx.ModelProto, out: Path) -> None:
    """Optimises and writes a graph, without what the exporter notes about the machine it ran on."""
    _strip(model)
    with tempfile.TemporaryDirectory(prefix="graph-") as folder:
        path = str(Path(folder) / out.name)
        onnx.save(model, path)
        _optimise(path, out)


def in_blocks(model: onnx.ModelProto, linear: Linear, bits: quantization.Bits, block: int) -> None:
    """Puts a product with blocks of numbers, bias included, in the place of a product with a matrix."""
    codes, scales = quantization.quantise(np.ascontiguousarray(linear.matrix.T), bits, block)
    replace(
        model,
        linear.last,
        "MatMulNBits",
        [linear.input, codes, scales, None, None, linear.bias],
        K=linear.matrix.shape[0],
        N=linear.matrix.shape[1],
        bits=bits,
        block_size=block,
        accuracy_level=_INT8_ACTIVATIONS,
    )


def replace(
    model: onnx.ModelProto,
    node: onnx.NodeProto,
    operator: str,
    inputs: Sequence[str | NDArray[Any] | None],
    **attributes: Any,
) -> None:
    """Puts an operator of ONNX Runtime's own in the place of a node; inputs are values, constants, or left out."""
    names = []
    for at, given in enumerate(inputs):
        if isinstance(given, np.ndarray):
            names.append(f"{node.name}_{at}")
            model.graph.initializer.append(numpy_helper.from_array(given, names[-1]))
        else:
            names.append(given or "")
    node.CopyFrom(helper.make_node(operator, names, list(node.output), node.name, domain=_CONTRIB, **attributes))
    if all(opset.domain != _CONTRIB for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(_CONTRIB, 1))


def _strip(model: onnx.ModelProto) -> None:
    """Removes what is used no longer, and source lines with their paths."""
    graph = model.graph
    used, kept = {value.name for value in graph.output}, []
    for node in reversed(graph.node):
        if used.intersection(node.output):
            used.update(node.input)
            kept.append(node)
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(tensors)
    values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    for part in (model, graph, *graph.node, *values):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def _optimise(source: str, out: Path) -> None:
    options = onnxruntime.SessionOptions()
    # Not the fusions: for the few words of a question, what they fuse takes longer than its parts.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(out)
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
