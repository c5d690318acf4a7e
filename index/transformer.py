"""What every prepared folder holds: a tokenizer, the word embeddings, and the layers as a graph."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.blocks import Bits
from index.card import EMBEDDINGS, GRAPH
from index.errors import EncoderError
from index.table import Table
from index.tokens import load_tokens

# More tokens at once are not faster on a CPU and take more memory.
BATCH_TOKENS = 1024
# Longer than any token of the models we know, so that cutting a text early does not change its first tokens.
CHARACTERS_PER_TOKEN = 32


class Transformer:
    """Text to token ids, and ids to what the graph gives for them. Safe to use from several threads."""

    def __init__(self, folder: Path, bits: Bits, threads: int, mend: str) -> None:
        """Open a folder; ``threads`` share the work of one call, ``mend`` is said where it cannot be opened.

        Raises:
            EncoderError: a file of it cannot be used.
        """
        try:
            self._table = Table(folder / EMBEDDINGS, bits)
            self._session = _session(folder / GRAPH, threads)
            self._tokens = load_tokens(folder)
        except Exception as error:  # each of the three libraries has its own, some of them bare Exception
            raise EncoderError(f"The model in {folder} cannot be opened ({error}); {mend}") from error

    def ids(self, text: str, limit: int | None = None) -> list[int]:
        """The token ids of a text without special ones, the first ``limit`` of them."""
        part = text if limit is None else text[: limit * CHARACTERS_PER_TOKEN]
        return self._tokens(_readable(part))[:limit]

    def __call__(
        self, sequences: Sequence[list[int]], width: int, segments: Sequence[list[int]] | None = None
    ) -> NDArray[np.float32]:
        """The graph's output (n, width), in the order given; ``segments``: which of two texts a token is of."""
        found = np.empty((len(sequences), width), np.float32)
        for batch in _batches([len(sequence) for sequence in sequences]):
            inputs = self._inputs([sequences[index] for index in batch])
            if segments is not None:
                inputs["segments"] = np.zeros_like(inputs["mask"])
                inputs["segments"][inputs["mask"] == 1] = list(chain.from_iterable(segments[at] for at in batch))
            (found[batch],) = self._session.run(None, inputs)
        return found

    def _inputs(self, sequences: list[list[int]]) -> dict[str, NDArray[Any]]:
        lengths = np.array([len(sequence) for sequence in sequences])
        mask = np.arange(lengths.max()) < lengths[:, None]
        rows = self._table[chain.from_iterable(sequences)]
        embeddings = np.zeros((*mask.shape, rows.shape[1]), np.float32)
        embeddings[mask] = rows
        return {"embeddings": embeddings, "mask": mask.astype(np.int64)}


def _readable(text: str) -> str:
    """The text with U+FFFD for halves of surrogate pairs, which no UTF-8 library takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Indices of texts of similar length, so many that a padded batch has at most BATCH_TOKENS tokens."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


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
