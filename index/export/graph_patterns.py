"""Find linear layers and attention in an exported ONNX graph."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, numpy_helper

from index.encoder.quantization import Floats

MASK_INPUT = "mask"  # the graph input that is 1 for every token to attend to


@dataclass(eq=False, slots=True)
class LinearLayer:
    """``input_name`` times a matrix (inputs, outputs) plus a bias (outputs,), as computed by ``output_node``."""

    input_name: str
    output_node: NodeProto
    matrix: Floats
    bias: Floats

    def divide_outputs(self, divisors: Floats) -> None:
        """Divide the outputs by ``divisors`` (outputs,)."""
        self.matrix /= divisors
        self.bias /= divisors


@dataclass(frozen=True, slots=True)
class AttentionLayer:
    """Multi-head attention over three linear layers of the same input, as computed by ``output_node``."""

    projections: tuple[LinearLayer, LinearLayer, LinearLayer]  # query, key, value
    head_count: int
    output_node: NodeProto


class GraphPatterns:
    """The linear and attention layers of a graph; read them before changing the graph."""

    def __init__(self, graph: GraphProto) -> None:
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._nodes = list(graph.node)
        self._producers = {value: node for node in self._nodes for value in node.output}
        self._consumers: dict[str, list[NodeProto]] = {}
        for node in self._nodes:
            for value in node.input:
                self._consumers.setdefault(value, []).append(node)
        self.linears = list(self._match_linears())
        softmaxes = (node for node in self._nodes if node.op_type == "Softmax")
        self.attentions = [attention for node in softmaxes if (attention := self._match_attention(node))]

    def _match_attention(self, softmax: NodeProto) -> AttentionLayer | None:
        """Return the attention around a softmax, if scores are scaled as usual and only the mask is added."""
        masked = self._find_upstream(softmax.input[0], "Add")
        scaled = masked and self._find_upstream(masked.input[0], "Mul")
        scores = scaled and self._find_upstream(scaled.input[0], "MatMul")
        mixed = self._find_downstream(softmax.output[0], "MatMul")
        output_node = mixed and self._find_downstream(mixed.output[0], "Transpose", "Reshape")
        output_projection = output_node and self._find_downstream(output_node.output[0], "MatMul")
        if not (
            masked
            and scaled
            and scores
            and mixed
            and output_node
            and output_projection
            and self._depends_on_mask_only(masked.input[1])
        ):
            return None
        views = (self._find_upstream(value, "Transpose", "Reshape") for value in (*scores.input, mixed.input[1]))
        query, key, value = (self._find_linear(view.input[0]) if view else None for view in views)
        if not (query and key and value and query.input_name == key.input_name == value.input_name):
            return None
        head_count = self._count_heads(scaled, query)
        return AttentionLayer((query, key, value), head_count, output_node) if head_count else None

    def _find_linear(self, value: str) -> LinearLayer | None:
        return next((linear for linear in self.linears if value in linear.output_node.output), None)

    def _match_linears(self) -> Iterator[LinearLayer]:
        for node in self._nodes:
            matrix = self._get_constant(node.input[1]) if node.op_type == "MatMul" else None
            if matrix is None or matrix.ndim != 2:
                continue
            output_node, bias = node, np.zeros(matrix.shape[1], matrix.dtype)
            add_node = self._find_downstream(node.output[0], "Add")
            for value in add_node.input if add_node else ():
                constant = self._get_constant(value)
                if constant is not None and constant.shape == bias.shape:
                    output_node, bias = add_node, constant.copy()
            yield LinearLayer(node.input[0], output_node, matrix.copy(), bias)

    def _count_heads(self, scaled: NodeProto, query: LinearLayer) -> int:
        """Derive the number of heads from the factor of the scores, 1 / sqrt(head width); 0 for any other factor."""
        factor = self._get_constant(scaled.input[1])
        heads = 0.0 if factor is None or factor.size != 1 else len(query.bias) * factor.item() ** 2
        return round(heads) if abs(heads - round(heads)) < 0.01 else 0

    def _depends_on_mask_only(self, value: str) -> bool:
        """Return whether a value depends only on the mask, and not on learned numbers like a position bias."""
        pending, seen = [value], set()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            constant = self._get_constant(name)
            if constant is not None and constant.size > 1 and constant.dtype.kind == "f":
                return False
            if name in self._producers:
                pending.extend(self._producers[name].input)
        return MASK_INPUT in seen

    def _find_upstream(self, value: str, *op_types: str) -> NodeProto | None:
        """Follow first inputs upstream from a value; None unless the nodes have these operator types."""
        node = None
        for op_type in op_types:
            node = self._producers.get(value)
            if node is None or node.op_type != op_type:
                return None
            value = node.input[0]
        return node

    def _find_downstream(self, value: str, *op_types: str) -> NodeProto | None:
        """Follow sole consumers downstream from a value; None unless the nodes have these operator types."""
        node = None
        for op_type in op_types:
            consumers = self._consumers.get(value, [])
            if len(consumers) != 1 or consumers[0].op_type != op_type:
                return None
            node, value = consumers[0], consumers[0].output[0]
        return node

    def _get_constant(self, name: str) -> NDArray[Any] | None:
        tensor = self._constants.get(name)
        return None if tensor is None else numpy_helper.to_array(tensor)
