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
from index.export.block_quantizer import replace_node, replace_with_block_matmul, write_optimized_graph
from index.export.graph_patterns import MASK_INPUT, AttentionLayer, GraphPatterns, LinearLayer

GraphInputs = Mapping[str, NDArray[Any]]
_BLOCK_SIZE = 128
# Seven bits: a CPU without VNNI adds two products of 8 bits with 8 in 16 bits, where they would not fit.
_MAX_CODE = 63
_INT32_MASK = f"{MASK_INPUT}_int32"
_MIN_MAGNITUDE = 1e-5  # that a channel is taken for; a silent one must not be divided by zero


def write_fast_graph(model: onnx.ModelProto, samples: Sequence[GraphInputs], out: Path) -> None:
    """Quantises a graph of float32 and joins its operators, for CPUs of any kind, and writes it to `out`.

    Args:
        samples: inputs of the graph for texts as they are to be expected; the first is (1, tokens, width).
    """
    patterns = GraphPatterns(model.graph)
    width = next(iter(samples[0].values())).shape[-1]
    linears_by_input: dict[str, list[LinearLayer]] = {}
    for linear in patterns.linears:
        linears_by_input.setdefault(linear.input_name, []).append(linear)
    narrow_inputs = [value for value, linears in linears_by_input.items() if len(linears[0].matrix) <= width]
    channel_maxima = _measure_channel_maxima(model, narrow_inputs, samples)
    attention_by_output = {attention.output_node.output[0]: attention for attention in patterns.attentions}
    for value in sorted(
        narrow_inputs, key=lambda value: value not in attention_by_output
    ):  # mixtures first: they change other matrices
        divisors = _smooth_matrices(linears_by_input[value], channel_maxima[value])
        if value in attention_by_output:
            attention_by_output[value].projections[-1].divide_outputs(
                divisors
            )  # of the values that it is a mixture of
        else:
            _divide_input(model, linears_by_input[value], divisors)
    fused_linears = [projection for attention in attention_by_output.values() for projection in attention.projections]
    for linear in patterns.linears:
        if linear not in fused_linears:
            _quantize_linear(model, linear, width)
    if attention_by_output:
        mask = helper.make_node("Cast", [MASK_INPUT], [_INT32_MASK], _INT32_MASK, to=onnx.TensorProto.INT32)
        model.graph.node.insert(0, mask)
    for attention in attention_by_output.values():
        _fuse_attention(model, attention)
    write_optimized_graph(model, out)


def _measure_channel_maxima(
    model: onnx.ModelProto, value_names: Sequence[str], samples: Sequence[GraphInputs]
) -> dict[str, Floats]:
    """The largest size that each channel of these values reaches in the samples: name -> (channels,)."""
    observed_model = onnx.ModelProto()
    observed_model.CopyFrom(model)
    observed_model.graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in value_names
    )
    session = onnxruntime.InferenceSession(observed_model.SerializeToString(), providers=["CPUExecutionProvider"])
    maxima: dict[str, Floats] = {}
    for sample in samples:
        for name, output in zip(value_names, session.run(value_names, dict(sample)), strict=True):
            sample_maxima = np.abs(output).reshape(-1, output.shape[-1]).max(axis=0)
            maxima[name] = np.maximum(maxima.get(name, sample_maxima), sample_maxima)
    return maxima


def _smooth_matrices(linears: Sequence[LinearLayer], channel_maxima: Floats) -> Floats:
    """Multiplies the matrices on a value by factors of its channels, by which it has then to be divided."""
    weight_maxima = np.max([np.abs(linear.matrix).max(axis=1) for linear in linears], axis=0)
    factors: Floats = np.sqrt(np.maximum(channel_maxima, _MIN_MAGNITUDE) / np.maximum(weight_maxima, _MIN_MAGNITUDE))
    for linear in linears:
        linear.matrix *= factors[:, None]
    return factors


def _divide_input(model: onnx.ModelProto, linears: Sequence[LinearLayer], divisors: Floats) -> None:
    """Divides a value before the products on it."""
    value = linears[0].input_name
    divisors_name, quotient_name = f"{value}_divisors", f"{value}_even"
    model.graph.initializer.append(numpy_helper.from_array(1 / divisors, divisors_name))
    position = next(number for number, node in enumerate(model.graph.node) if value in node.input)
    model.graph.node.insert(
        position, helper.make_node("Mul", [value, divisors_name], [quotient_name], f"{quotient_name}_mul")
    )
    for linear in linears:
        linear.input_name = quotient_name


def _quantize_linear(model: onnx.ModelProto, linear: LinearLayer, width: int) -> None:
    """Puts a product of whole numbers, bias included, in the place of a product and its sum."""
    if len(linear.matrix) <= width:
        codes, scales = _quantize_matrix(linear.matrix)
        replace_node(
            model, linear.output_node, "DynamicQuantizeMatMul", [linear.input_name, codes, scales, None, linear.bias]
        )
    elif len(linear.matrix) % _BLOCK_SIZE == 0:
        replace_with_block_matmul(model, linear, 8, _BLOCK_SIZE)


def _fuse_attention(model: onnx.ModelProto, attention: AttentionLayer) -> None:
    """Puts one operator in the place of an attention and its three products."""
    input_name, name = attention.projections[0].input_name, attention.output_node.name
    codes, scales = _quantize_matrix(np.concatenate([part.matrix for part in attention.projections], axis=1))
    bias = np.concatenate([part.bias for part in attention.projections])
    quantized_names = [f"{name}_{part}" for part in ("codes", "scale", "zero")]
    position = next(number for number, node in enumerate(model.graph.node) if node.name == name)
    model.graph.node.insert(
        position, helper.make_node("DynamicQuantizeLinear", [input_name], quantized_names, f"{name}_rounded")
    )
    quantized_input, input_scale, zero_point = quantized_names
    inputs = (quantized_input, codes, bias, input_scale, scales, _INT32_MASK, zero_point)
    replace_node(model, attention.output_node, "QAttention", inputs, num_heads=attention.head_count)


def _quantize_matrix(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Whole numbers (inputs, outputs) and their scales (outputs,)."""
    scales = (np.maximum(np.abs(matrix).max(axis=0), _MIN_MAGNITUDE) / _MAX_CODE).astype(np.float32)
    return np.rint(matrix / scales).astype(np.int8), scales
