"""An exported ONNX graph made fast, for questions: products of whole numbers with 7 bits. Needs onnx, not torch.

ONNX Runtime's usual int8 product has one scale for all of its activations, and some channels of a transformer are up
to eighty times larger than the rest. So channels are evened out first, by what they reach in sample texts, and the
matrix takes the difference (idea: Xiao et al., SmoothQuant, 2023). Where that is not enough, at the end of the
feed-forward layers, each 128 numbers have a scale. Measured in docs/decisions/0002-encoder-precision.md.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from index.blocks import Floats
from index.graph import in_blocks, products, replace, write

Inputs = Mapping[str, NDArray[Any]]
_BLOCK = 128
# Seven bits: a CPU without VNNI adds two products of 8 bits with 8 in 16 bits, where they would not fit.
_LARGEST = 63
_SMALLEST = 1e-5  # that a channel is taken for; a silent one must not be divided by zero


def finish_fast(model: onnx.ModelProto, samples: Sequence[Inputs], out: Path) -> None:
    """Quantises and optimises a graph of float32, for CPUs of any kind, and writes it to `out`.

    Args:
        samples: inputs of the graph for texts as they are to be expected; the first is (1, tokens, width).
    """
    by_value: dict[str, list[tuple[onnx.NodeProto, Floats]]] = {}
    for node, matrix in products(model):
        by_value.setdefault(node.input[0], []).append((node, matrix))
    width = next(iter(samples[0].values())).shape[-1]
    largest = _largest(model, tuple(by_value), samples)
    for value, found in by_value.items():
        rows = len(found[0][1])
        if rows <= width:
            _even(model, value, found, largest[value])
        elif rows % _BLOCK == 0:
            for node, matrix in found:
                in_blocks(model, node, matrix, 8, _BLOCK)
    write(model, out)


def _largest(model: onnx.ModelProto, values: Sequence[str], samples: Sequence[Inputs]) -> dict[str, Floats]:
    """The largest size that each channel of these values reaches in the samples: name -> (channels,)."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in values)
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    largest: dict[str, Floats] = {}
    for sample in samples:
        for name, found in zip(values, session.run(values, dict(sample)), strict=True):
            here = np.abs(found).reshape(-1, found.shape[-1]).max(axis=0)
            largest[name] = np.maximum(largest.get(name, here), here)
    return largest


def _even(
    model: onnx.ModelProto, value: str, found: Sequence[tuple[onnx.NodeProto, Floats]], largest: Floats
) -> None:
    """Divides a value by factors of its channels, and multiplies each matrix (channels, outputs) by them."""
    heaviest = np.max([np.abs(matrix).max(axis=1) for _, matrix in found], axis=0)
    factors = np.sqrt(np.maximum(largest, _SMALLEST) / np.maximum(heaviest, _SMALLEST)).astype(np.float32)
    divisors, even = f"{value}_divisors", f"{value}_even"
    model.graph.initializer.append(numpy_helper.from_array(1 / factors, divisors))
    place = next(at for at, node in enumerate(model.graph.node) if node.name == found[0][0].name)
    model.graph.node.insert(place, helper.make_node("Mul", [value, divisors], [even], f"{even}_mul"))
    for node, matrix in found:
        weights = matrix * factors[:, None]
        scales = (np.maximum(np.abs(weights).max(axis=0), _SMALLEST) / _LARGEST).astype(np.float32)
        codes = np.rint(weights / scales).astype(np.int8)
        replace(model, node, "DynamicQuantizeMatMul", even, {"codes": codes, "scales": scales})
