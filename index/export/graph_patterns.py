"""What an exported ONNX graph is made of: products with a matrix, and the attention between three of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, numpy_helper

from index.encoder.quantization import Floats

MASK = "mask"  # the graph's input that says which tokens count


@dataclass(eq=False, slots=True)
class Linear:
    """Its ``input`` times a matrix (inputs, outputs), plus a bias (outputs,). ``last`` is the node that gives it."""

    input: str
    last: NodeProto
    matrix: Floats
    bias: Floats

    def divide(self, divisors: Floats) -> None:
        """Divides the outputs."""
        self.matrix /= divisors
        self.bias /= divisors


@dataclass(frozen=True, slots=True)
class Attention:
    """What three products of the same input become; ``last`` is the node that gives it."""

    parts: tuple[Linear, Linear, Linear]  # query, key, value
    heads: int
    last: NodeProto


class Reading:
    """A graph as it stands: read before it is changed."""

    def __init__(self, graph: GraphProto) -> None:
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._nodes = list(graph.node)
        self._makers = {value: node for node in self._nodes for value in node.output}
        self._users: dict[str, list[NodeProto]] = {}
        for node in self._nodes:
            for value in node.input:
                self._users.setdefault(value, []).append(node)
        self.linears = list(self._linears())
        softmaxes = (node for node in self._nodes if node.op_type == "Softmax")
        self.attentions = [found for node in softmaxes if (found := self._attention(node))]

    def _attention(self, softmax: NodeProto) -> Attention | None:
        """The attention of this softmax, if scores are scaled as usual and nothing but the mask is added to them."""
        masked = self._above(softmax.input[0], "Add")
        scaled = masked and self._above(masked.input[0], "Mul")
        scores = scaled and self._above(scaled.input[0], "MatMul")
        mixed = self._below(softmax.output[0], "MatMul")
        last = mixed and self._below(mixed.output[0], "Transpose", "Reshape")
        output = last and self._below(last.output[0], "MatMul")
        if not (masked and scaled and scores and mixed and last and output and self._is_mask(masked.input[1])):
            return None
        views = (self._above(value, "Transpose", "Reshape") for value in (*scores.input, mixed.input[1]))
        query, key, value = (self._linear_to(view.input[0]) if view else None for view in views)
        if not (query and key and value and query.input == key.input == value.input):
            return None
        heads = self._heads(scaled, query)
        return Attention((query, key, value), heads, last) if heads else None

    def _linear_to(self, value: str) -> Linear | None:
        return next((linear for linear in self.linears if value in linear.last.output), None)

    def _linears(self) -> Iterator[Linear]:
        for node in self._nodes:
            matrix = self._constant(node.input[1]) if node.op_type == "MatMul" else None
            if matrix is None or matrix.ndim != 2:
                continue
            last, bias = node, np.zeros(matrix.shape[1], matrix.dtype)
            added = self._below(node.output[0], "Add")
            for value in added.input if added else ():
                found = self._constant(value)
                if found is not None and found.shape == bias.shape:
                    last, bias = added, found.copy()
            yield Linear(node.input[0], last, matrix.copy(), bias)

    def _heads(self, scaled: NodeProto, query: Linear) -> int:
        """How many heads there are, from what scores are multiplied by: the root of a head's width, inverted."""
        factor = self._constant(scaled.input[1])
        heads = 0.0 if factor is None or factor.size != 1 else len(query.bias) * factor.item() ** 2
        return round(heads) if abs(heads - round(heads)) < 0.01 else 0

    def _is_mask(self, value: str) -> bool:
        """Whether a value rests on the mask alone, and on no learned numbers, as a bias by distance does."""
        pending, seen = [value], set()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            constant = self._constant(name)
            if constant is not None and constant.size > 1 and constant.dtype.kind == "f":
                return False
            if name in self._makers:
                pending.extend(self._makers[name].input)
        return MASK in seen

    def _above(self, value: str, *kinds: str) -> NodeProto | None:
        """The node that many steps up from a value by first inputs, if these are of such kinds."""
        node = None
        for kind in kinds:
            node = self._makers.get(value)
            if node is None or node.op_type != kind:
                return None
            value = node.input[0]
        return node

    def _below(self, value: str, *kinds: str) -> NodeProto | None:
        """The node that many steps down from a value, if these are of such kinds, and alone."""
        node = None
        for kind in kinds:
            users = self._users.get(value, [])
            if len(users) != 1 or users[0].op_type != kind:
                return None
            node, value = users[0], users[0].output[0]
        return node

    def _constant(self, name: str) -> NDArray[Any] | None:
        tensor = self._constants.get(name)
        return None if tensor is None else numpy_helper.to_array(tensor)
