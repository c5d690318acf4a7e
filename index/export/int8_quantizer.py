"""An exported ONNX graph made fast, for questions: products of whole numbers with 7 bits. Needs onnx, not torch.

ONNX Runtime's usual int8 product has one scale for all of its activations, and some channels of a transformer are up
to eighty times larger than the rest. So channels are evened out first, by what they reach in sample texts, and the
matrix takes the difference (idea: Xiao et al., SmoothQuant, 2023). Where that is not enough, at the end of the
feed-forward layers, each 128 numbers have a scale. A question is short, and half of its time would go to starting
small operators; so a bias is part of its product, and attention with its three products is one operator. Measured in
docs/decisions/0002-encoder-precision.md.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from index.encoder.quantization import Floats
from index.export.block_quantizer import in_blocks, replace, write
from index.export.graph_patterns import MASK, Attention, Linear, Reading

Inputs = Mapping[str, NDArray[Any]]
_BLOCK = 128
# Seven bits: a CPU without VNNI adds two products of 8 bits with 8 in 16 bits, where they would not fit.
_LARGEST = 63
_MASK = f"{MASK}_int32"
_SMALLEST = 1e-5  # that a channel is taken for; a silent one must not be divided by zero


def finish_fast(model: onnx.ModelProto, samples: Sequence[Inputs], out: Path) -> None:
    """Quantises a graph of float32 and joins its operators, for CPUs of any kind, and writes it to `out`.

    Args:
        samples: inputs of the graph for texts as they are to be expected; the first is (1, tokens, width).
    """
    reading = Reading(model.graph)
    width = next(iter(samples[0].values())).shape[-1]
    by_value: dict[str, list[Linear]] = {}
    for linear in reading.linears:
        by_value.setdefault(linear.input, []).append(linear)
    narrow = [value for value, found in by_value.items() if len(found[0].matrix) <= width]
    largest = _largest(model, narrow, samples)
    mixed = {attention.last.output[0]: attention for attention in reading.attentions}
    for value in sorted(narrow, key=lambda value: value not in mixed):  # mixtures first: they change other matrices
        divisors = _even(by_value[value], largest[value])
        if value in mixed:
            mixed[value].parts[-1].divide(divisors)  # of the values that it is a mixture of
        else:
            _divide(model, by_value[value], divisors)
    joined = [part for attention in mixed.values() for part in attention.parts]
    for linear in reading.linears:
        if linear not in joined:
            _quantise(model, linear, width)
    if mixed:
        mask = helper.make_node("Cast", [MASK], [_MASK], _MASK, to=onnx.TensorProto.INT32)
        model.graph.node.insert(0, mask)
    for attention in mixed.values():
        _join(model, attention)
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


def _even(found: Sequence[Linear], largest: Floats) -> Floats:
    """Multiplies the matrices on a value by factors of its channels, by which it has then to be divided."""
    heaviest = np.max([np.abs(linear.matrix).max(axis=1) for linear in found], axis=0)
    factors: Floats = np.sqrt(np.maximum(largest, _SMALLEST) / np.maximum(heaviest, _SMALLEST))
    for linear in found:
        linear.matrix *= factors[:, None]
    return factors


def _divide(model: onnx.ModelProto, found: Sequence[Linear], divisors: Floats) -> None:
    """Divides a value before the products on it."""
    value = found[0].input
    name, even = f"{value}_divisors", f"{value}_even"
    model.graph.initializer.append(numpy_helper.from_array(1 / divisors, name))
    place = next(at for at, node in enumerate(model.graph.node) if value in node.input)
    model.graph.node.insert(place, helper.make_node("Mul", [value, name], [even], f"{even}_mul"))
    for linear in found:
        linear.input = even


def _quantise(model: onnx.ModelProto, linear: Linear, width: int) -> None:
    """Puts a product of whole numbers, bias included, in the place of a product and its sum."""
    if len(linear.matrix) <= width:
        codes, scales = _codes(linear.matrix)
        replace(model, linear.last, "DynamicQuantizeMatMul", [linear.input, codes, scales, None, linear.bias])
    elif len(linear.matrix) % _BLOCK == 0:
        in_blocks(model, linear, 8, _BLOCK)


def _join(model: onnx.ModelProto, attention: Attention) -> None:
    """Puts one operator in the place of an attention and its three products."""
    value, name = attention.parts[0].input, attention.last.name
    codes, scales = _codes(np.concatenate([part.matrix for part in attention.parts], axis=1))
    bias = np.concatenate([part.bias for part in attention.parts])
    rounded = [f"{name}_{part}" for part in ("codes", "scale", "zero")]
    place = next(at for at, node in enumerate(model.graph.node) if node.name == name)
    model.graph.node.insert(place, helper.make_node("DynamicQuantizeLinear", [value], rounded, f"{name}_rounded"))
    whole, scale, zero = rounded
    inputs = (whole, codes, bias, scale, scales, _MASK, zero)
    replace(model, attention.last, "QAttention", inputs, num_heads=attention.heads)


def _codes(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Whole numbers (inputs, outputs) and their scales (outputs,)."""
    scales = (np.maximum(np.abs(matrix).max(axis=0), _SMALLEST) / _LARGEST).astype(np.float32)
    return np.rint(matrix / scales).astype(np.int8), scales
