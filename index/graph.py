"""An exported ONNX graph made small: matrices in blocks of 4 or 8 bits, operators fused. Needs onnx, not torch."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from index import blocks

# Activations are rounded to 8 bits as well, in blocks of 32 of one token. A whole batch would share one scale in
# ONNX Runtime's usual int8 operators, and a vector would depend on what else is encoded with it.
_INT8_ACTIVATIONS = 4
_CONTRIB = "com.microsoft"


def finish(model: onnx.ModelProto, bits: blocks.Bits, out: Path) -> None:
    """Quantises and optimises a graph of float32, for CPUs of any kind, and writes it to `out`."""
    _strip(model)
    _quantise(model, bits)
    with tempfile.TemporaryDirectory(prefix="graph-") as folder:
        path = str(Path(folder) / out.name)
        onnx.save(model, path)
        _optimise(path, out)


def _strip(model: onnx.ModelProto) -> None:
    """Removes what the exporter notes about the machine it ran on: source lines with their paths."""
    graph = model.graph
    values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    for part in (model, graph, *graph.node, *values):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def _quantise(model: onnx.ModelProto, bits: blocks.Bits) -> None:
    """Puts a MatMulNBits in the place of each product with a constant matrix."""
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in constants:
            matrix = numpy_helper.to_array(constants[node.input[1]])
            if matrix.ndim == 2 and len(matrix) % blocks.BLOCK == 0:
                graph.initializer.extend(_to_blocks(node, matrix, bits))
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    model.opset_import.append(helper.make_opsetid(_CONTRIB, 1))


def _to_blocks(node: onnx.NodeProto, matrix: blocks.Floats, bits: blocks.Bits) -> list[onnx.TensorProto]:
    """Changes the node in place; gives the constants it needs. `matrix` is (inputs, outputs)."""
    codes, scales = blocks.quantise(np.ascontiguousarray(matrix.T), bits)
    names = [f"{node.name}_codes", f"{node.name}_scales"]
    node.CopyFrom(
        helper.make_node(
            "MatMulNBits",
            [node.input[0], *names],
            list(node.output),
            node.name,
            domain=_CONTRIB,
            K=matrix.shape[0],
            N=matrix.shape[1],
            bits=bits,
            block_size=blocks.BLOCK,
            accuracy_level=_INT8_ACTIVATIONS,
        )
    )
    return [numpy_helper.from_array(codes, names[0]), numpy_helper.from_array(scales, names[1])]


def _optimise(source: str, out: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(out)
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
