"""Speed up an exported ONNX graph for queries: integer products with 7 bits. Needs onnx, not torch.

ONNX Runtime's int8 product has a single scale for all activations, but some channels of a transformer are up to
eighty times larger than the rest. Channels are therefore scaled down first, by their maxima over sample texts, and
the matrices are scaled up in turn (Xiao et al., SmoothQuant, 2023). Where that is not enough, at the end of the
feed-forward layers, each block of 128 numbers has its own scale. A query is short, and starting small operators would
take half of its time, so biases are fused with products, and attention and its three products are one operator.
Measured in docs/decisions/0002-encoder-precision.md.
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
# 7 bits: CPUs without VNNI add two 8-bit by 8-bit products in 16 bits, which would overflow.
_MAX_CODE = 63
_INT32_MASK = f"{MASK_INPUT}_int32"
_MIN_MAGNITUDE = 1e-5  # lower bound for the maximum of a channel, which may be zero


def write_fast_graph(model: onnx.ModelProto, samples: Sequence[GraphInputs], out: Path) -> None:
    """Quantise a float32 graph for any CPU, fuse its operators, and write it to ``out``.

    Args:
        samples: graph inputs for typical texts; the first input is (1, tokens, width).
    """
    patterns = GraphPatterns(model.graph)
    width = next(iter(samples[0].values())).shape[-1]
    linears_by_input: dict[str, list[LinearLayer]] = {}
    for linear in patterns.linears:
        linears_by_input.setdefault(linear.input_name, []).append(linear)
    narrow_inputs = [value for value, linears in linears_by_input.items() if len(linears[0].matrix) <= width]
    channel_maxima = _measure_channel_maxima(model, narrow_inputs, samples)
    attention_by_output = {attention.output_node.output[0]: attention for attention in patterns.attentions}
    # Outputs of attention come first, because smoothing them changes other matrices.
    for value in sorted(narrow_inputs, key=lambda value: value not in attention_by_output):
        divisors = _smooth_matrices(linears_by_input[value], channel_maxima[value])
        if value in attention_by_output:
            attention_by_output[value].projections[-1].divide_outputs(divisors)  # those of the attended values
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
    """Return the largest magnitude of each channel of these values over the samples: name -> (channels,)."""
    observed_model = onnx.ModelProto()
    observed_model.CopyFrom(model)
    outputs = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in value_names)
    observed_model.graph.output.extend(outputs)
    session = onnxruntime.InferenceSession(observed_model.SerializeToString(), providers=["CPUExecutionProvider"])
    maxima: dict[str, Floats] = {}
    for sample in samples:
        for name, output in zip(value_names, session.run(value_names, dict(sample)), strict=True):
            sample_maxima = np.abs(output).reshape(-1, output.shape[-1]).max(axis=0)
            maxima[name] = np.maximum(maxima.get(name, sample_maxima), sample_maxima)
    return maxima


def _smooth_matrices(linears: Sequence[LinearLayer], channel_maxima: Floats) -> Floats:
    """Scale the matrices that a value is multiplied by; returns the divisors (channels,) to apply to the value."""
    weight_maxima = np.max([np.abs(linear.matrix).max(axis=1) for linear in linears], axis=0)
    factors: Floats = np.sqrt(np.maximum(channel_maxima, _MIN_MAGNITUDE) / np.maximum(weight_maxima, _MIN_MAGNITUDE))
    for linear in linears:
        linear.matrix *= factors[:, None]
    return factors


def _divide_input(model: onnx.ModelProto, linears: Sequence[LinearLayer], divisors: Floats) -> None:
    """Insert a division of a value before the products that use it."""
    value = linears[0].input_name
    divisors_name, quotient_name = f"{value}_divisors", f"{value}_even"
    model.graph.initializer.append(numpy_helper.from_array(1 / divisors, divisors_name))
    position = next(number for number, node in enumerate(model.graph.node) if value in node.input)
    division = helper.make_node("Mul", [value, divisors_name], [quotient_name], f"{quotient_name}_mul")
    model.graph.node.insert(position, division)
    for linear in linears:
        linear.input_name = quotient_name


def _quantize_linear(model: onnx.ModelProto, linear: LinearLayer, width: int) -> None:
    """Replace a product and its bias by an integer product."""
    if len(linear.matrix) <= width:
        codes, scales = _quantize_matrix(linear.matrix)
        inputs = [linear.input_name, codes, scales, None, linear.bias]
        replace_node(model, linear.output_node, "DynamicQuantizeMatMul", inputs)
    elif len(linear.matrix) % _BLOCK_SIZE == 0:
        replace_with_block_matmul(model, linear, 8, _BLOCK_SIZE)


def _fuse_attention(model: onnx.ModelProto, attention: AttentionLayer) -> None:
    """Replace an attention and its three products by one operator."""
    input_name, name = attention.projections[0].input_name, attention.output_node.name
    codes, scales = _quantize_matrix(np.concatenate([part.matrix for part in attention.projections], axis=1))
    bias = np.concatenate([part.bias for part in attention.projections])
    quantized_names = [f"{name}_{part}" for part in ("codes", "scale", "zero")]
    position = next(number for number, node in enumerate(model.graph.node) if node.name == name)
    rounding = helper.make_node("DynamicQuantizeLinear", [input_name], quantized_names, f"{name}_rounded")
    model.graph.node.insert(position, rounding)
    quantized_input, input_scale, zero_point = quantized_names
    inputs = (quantized_input, codes, bias, input_scale, scales, _INT32_MASK, zero_point)
    replace_node(model, attention.output_node, "QAttention", inputs, num_heads=attention.head_count)


def _quantize_matrix(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return int8 codes (inputs, outputs) and their scales (outputs,)."""
    scales = (np.maximum(np.abs(matrix).max(axis=0), _MIN_MAGNITUDE) / _MAX_CODE).astype(np.float32)
    return np.rint(matrix / scales).astype(np.int8), scales
