"""Compare a query with every vector, each stored as integers of 8 bits with a scale of its own.

ONNX Runtime multiplies such integers four times as fast as FAISS multiplies floats, and FAISS itself has no fast way
to all inner products of integers; see docs/decisions/0019-vectors-of-8-bits.md.
"""

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from index.errors import REBUILD_HINT, IndexUnusable
from index.storage.layout import PRODUCTS_FILE, VECTORS_FILE, VECTORS_PER_CHUNK

FINE_STEPS = 256  # parts of a step of the coarse query: the query itself keeps 15 bits
_OPSET, _IR_VERSION = 17, 9  # what ONNX Runtime 1.22 and later read
_ZERO = 128  # of an unsigned byte that stands for a signed one

Floats = NDArray[np.float32]


def round_vectors(vectors: Floats) -> tuple[Floats, NDArray[np.int8]]:
    """Return a scale for each vector, shape (n,), and its integers from -127 to 127, shape (n, d)."""
    largest = np.abs(vectors).max(axis=1)
    scales: Floats = (np.where(largest > 0, largest, 1) / 127).astype(np.float32)
    return scales, np.rint(vectors / scales[:, None]).astype(np.int8)


def write_exact_vectors(folder: Path) -> None:
    """Write the graph that compares a query with all vectors of an index folder."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    count, dimension = np.load(folder / VECTORS_FILE, mmap_mode="r").shape
    scales, rows = np.empty(count, np.float32), np.empty((dimension, count), np.uint8)
    for start in range(0, count, VECTORS_PER_CHUNK):
        part = slice(start, start + VECTORS_PER_CHUNK)
        vectors = np.load(folder / VECTORS_FILE, mmap_mode="r")[part].astype(np.float32)
        scales[part], integers = round_vectors(vectors)
        # Unsigned, because ONNX Runtime would make them so whenever the graph is opened, which takes 0.3 s.
        rows[:, part] = (integers.astype(np.int16) + _ZERO).astype(np.uint8).T
    nodes = [
        helper.make_node("MatMulInteger", ["query", "rows", "zero", "zero"], ["products"]),
        helper.make_node("Cast", ["products"], ["scaled"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["weights", "scaled"], ["sums"]),
        helper.make_node("Mul", ["sums", "scales"], ["similarities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "similarities",
        [
            helper.make_tensor_value_info("query", TensorProto.UINT8, ["parts", dimension]),
            helper.make_tensor_value_info("weights", TensorProto.FLOAT, ["queries", "parts"]),
        ],
        [helper.make_tensor_value_info("similarities", TensorProto.FLOAT, ["queries", count])],
        [
            numpy_helper.from_array(rows, "rows"),
            numpy_helper.from_array(scales, "scales"),
            numpy_helper.from_array(np.array(_ZERO, np.uint8), "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    onnx.save(model, folder / PRODUCTS_FILE)


class ExactVectorIndex:
    """Search over L2-normalised vectors, shape (rows, d), each of which is compared; thread-safe."""

    is_exact = True

    def __init__(self, session: Any, vectors: NDArray[np.float16]) -> None:
        """``vectors`` (rows, d) are those that ``session`` compares with, mapped from their file."""
        self._session, self._vectors = session, vectors

    @classmethod
    def open_folder(cls, folder: Path) -> Self:
        """Open the vectors of an index folder; raises IndexUnusable if they are damaged."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a query is one small product; more threads would wait for each other
        options.enable_cpu_mem_arena = False
        # An index of an earlier version has signed rows. Without instructions for neural networks, their products
        # would overflow silently.
        options.add_session_config_entry("session.x64quantprecision", "1")
        try:
            path, providers = str(folder / PRODUCTS_FILE), ["CPUExecutionProvider"]
            return cls(
                onnxruntime.InferenceSession(path, options, providers), np.load(folder / VECTORS_FILE, mmap_mode="r")
            )
        except Exception as error:  # ONNX Runtime raises bare exceptions of its own
            raise damaged_vectors_error(folder, error) from None

    def __len__(self) -> int:
        return len(self._vectors)

    def compute_similarities(self, queries: Floats, rows: slice = slice(None)) -> Floats:
        """Return the cosines (n, rows) of ``queries``, shape (n, d), with these rows.

        With all rows they are off by about 0.0003 (standard deviation), with some of them as exact as stored.
        """
        if rows != slice(None):
            return queries @ self._vectors[rows].astype(np.float32).T
        parts, weights = split_queries(queries)
        similarities: Floats = self._session.run(None, {"query": parts, "weights": weights})[0]
        return similarities

    def find_nearest(self, query: Floats, limit: int) -> tuple[NDArray[np.int64], Floats]:
        """Return the rows and cosines of at most ``limit`` nearest vectors to ``query`` (shape (d,)), best first."""
        similarities = self.compute_similarities(query[None])[0]
        nearest = np.argpartition(-similarities, min(limit, len(similarities)) - 1)[:limit]
        ordered = nearest[np.argsort(-similarities[nearest], kind="stable")]
        return ordered, similarities[ordered]


def split_queries(queries: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """Split queries (n, d) into bytes: a coarse part of each, and what it leaves, in finer steps.

    Returns the parts (2n, d), of which each byte stands for its value less 128, and the weights (n, 2n) with which
    the products of the parts add up to those of the queries.
    """
    steps = np.maximum(np.abs(queries).max(axis=1), np.finfo(np.float32).tiny) / 127
    in_steps = queries / steps[:, None]
    coarse = np.rint(in_steps)
    fine = np.clip(np.rint((in_steps - coarse) * FINE_STEPS), -128, 127)
    parts = (np.concatenate([coarse, fine]) + _ZERO).astype(np.uint8)
    return parts, np.concatenate([np.diag(steps), np.diag(steps / FINE_STEPS)], axis=1).astype(np.float32)


def damaged_vectors_error(folder: Path, error: Exception) -> IndexUnusable:
    """Return the error that says what is wrong with the vectors of an index folder."""
    reason = (str(error).splitlines() or [""])[-1][:120]
    return IndexUnusable(f"The vectors in {folder} are damaged ({reason}). {REBUILD_HINT}")
