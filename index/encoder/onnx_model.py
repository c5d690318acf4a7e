"""What every prepared folder holds: a tokenizer, the word embeddings, and the layers as a graph."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from index.encoder.embedding_table import Table
from index.encoder.model_card import EMBEDDINGS, GRAPH
from index.encoder.quantization import Bits
from index.encoder.tokenizer import load_tokens
from index.errors import EncoderError

# Longer than any token of the models we know, so that cutting a text early does not change its first tokens.
CHARACTERS_PER_TOKEN = 32


class Transformer:
    """Text to token ids, and ids to what the graph gives for them. Safe to use from several threads.

    All threads share one text; of several texts each has one thread, which is less work: threads that share wait for
    each other for a third of their time.
    """

    def __init__(self, folder: Path, bits: Bits, threads: int, mend: str, graph: str = GRAPH) -> None:
        """Open a folder; ``threads`` share the texts of one call, ``mend`` is said where it cannot be opened.

        Raises:
            EncoderError: a file of it cannot be used.
        """
        self._folder, self._mend = folder, mend
        with self._opening():
            self._table = Table(folder / EMBEDDINGS, bits)
            self._together, self._apart = (_session(folder / graph, count) for count in (threads, 1))
            self._pool = ThreadPoolExecutor(threads)
            self._tokens = load_tokens(folder)

    def through(self, graph: str) -> Self:
        """The same tokens and embeddings through another graph of the folder; raises as opening does."""
        other = copy(self)
        with self._opening():
            other._together = other._apart = _session(self._folder / graph, 1)
        return other

    @contextmanager
    def _opening(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each of the three libraries has its own, some of them bare Exception
            raise EncoderError(f"The model in {self._folder} cannot be opened ({error}); {self._mend}") from error

    def ids(self, text: str, limit: int | None = None) -> list[int]:
        """The token ids of a text without special ones, the first ``limit`` of them."""
        part = text if limit is None else text[: limit * CHARACTERS_PER_TOKEN]
        return self._tokens(_readable(part))[:limit]

    def __call__(
        self, sequences: Sequence[list[int]], width: int, segments: Sequence[list[int]] | None = None
    ) -> NDArray[np.float32]:
        """The graph's output (n, width), in the order given; ``segments``: which of two texts a token is of."""
        own: Sequence[list[int] | None] = segments or [None] * len(sequences)
        if len(sequences) == 1:
            return self._run(self._together, sequences[0], own[0])
        found = list(self._pool.map(partial(self._run, self._apart), sequences, own))
        return np.concatenate(found) if found else np.empty((0, width), np.float32)

    def _run(self, session: Any, sequence: list[int], segments: list[int] | None) -> NDArray[np.float32]:
        inputs: dict[str, NDArray[Any]] = {
            "embeddings": self._table[sequence][None],
            "mask": np.ones((1, len(sequence)), np.int64),
        }
        if segments is not None:
            inputs["segments"] = np.array([segments])
        found: NDArray[np.float32] = session.run(None, inputs)[0]
        return found


def _readable(text: str) -> str:
    """The text with U+FFFD for halves of surrogate pairs, which no UTF-8 library takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _session(graph: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # The graph was optimised when it was exported.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # The arena would keep the memory of the largest batch for good.
    options.enable_cpu_mem_arena = False
    # Threads wait actively between operators (a third faster), but not between calls.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
