"""An exported ONNX graph made small: matrices in blocks of 4 or 8 bits, operators fused. Needs onnx, not torch."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from index import blocks

# Activations are rounded to 8 bits as well, in blocks of one token as long as the matrix's.
_INT8_ACTIVATIONS = 4
_CONTRIB = "com.microsoft"


def finish(model: onnx.ModelProto, bits: blocks.Bits, out: Path) -> None:
    """Quantises and optimises a graph of float32, for CPUs of any kind, and writes it to `out`."""
    _quantise(model, bits)
    write(model, out)


def write(model: onnx.ModelProto, out: Path) -> None:
    """Fuses operators and writes a graph, without what the exporter notes about the machine it ran on."""
    _strip(model)
    with tempfile.TemporaryDirectory(prefix="graph-") as folder:
        path = str(Path(folder) / out.name)
        onnx.save(model, path)
        _optimise(path, out)


def products(model: onnx.ModelProto) -> Iterator[tuple[onnx.NodeProto, blocks.Floats]]:
    """The products with a constant matrix (inputs, outputs) in a graph, to be changed in place."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in list(model.graph.node):
        if node.op_type == "MatMul" and node.input[1] in constants:
            matrix = numpy_helper.to_array(constants[node.input[1]])
            if matrix.ndim == 2:
                yield node, matrix


def replace(
    model: onnx.ModelProto,
    node: onnx.NodeProto,
    operator: str,
    value: str,
    constants: Mapping[str, NDArray[Any]],
    **attributes: Any,
) -> None:
    """Puts an operator of ONNX Runtime's own on a value and some constants in the place of a node."""
    names = {name: f"{node.name}_{name}" for name in constants}
    inputs, outputs = [value, *names.values()], list(node.output)
    node.CopyFrom(helper.make_node(operator, inputs, outputs, node.name, domain=_CONTRIB, **attributes))
    model.graph.initializer.extend(numpy_helper.from_array(array, names[name]) for name, array in constants.items())
    if all(opset.domain != _CONTRIB for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(_CONTRIB, 1))


def in_blocks(
    model: onnx.ModelProto, node: onnx.NodeProto, matrix: blocks.Floats, bits: blocks.Bits, block: int
) -> None:
    """Puts a product with blocks of numbers in the place of one with a matrix (inputs, outputs)."""
    codes, scales = blocks.quantise(np.ascontiguousarray(matrix.T), bits, block)
    replace(
        model,
        node,
        "MatMulNBits",
        node.input[0],
        {"codes": codes, "scales": scales},
        K=matrix.shape[0],
        N=matrix.shape[1],
        bits=bits,
        block_size=block,
        accuracy_level=_INT8_ACTIVATIONS,
    )


def _strip(model: onnx.ModelProto) -> None:
    """Removes what is used no longer, and source lines with their paths."""
    used = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    graph = model.graph
    values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    for part in (model, graph, *graph.node, *values):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def _quantise(model: onnx.ModelProto, bits: blocks.Bits) -> None:
    for node, matrix in products(model):
        if len(matrix) % blocks.BLOCK == 0:
            in_blocks(model, node, matrix, bits, blocks.BLOCK)


def _optimise(source: str, out: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(out)
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
