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

from index.encoder.embedding_table import EmbeddingTable
from index.encoder.model_card import EMBEDDINGS_FILE, EXACT_GRAPH_FILE
from index.encoder.quantization import BitWidth
from index.encoder.tokenizer import load_tokenizer
from index.errors import EncoderError

# Longer than any token of the models we know, so that cutting a text early does not change its first tokens.
MAX_CHARACTERS_PER_TOKEN = 32


class OnnxModel:
    """Text to token ids, and ids to what the graph gives for them. Safe to use from several threads.

    All threads share one text; of several texts each has one thread, which is less work: threads that share wait for
    each other for a third of their time.
    """

    def __init__(
        self, folder: Path, bits: BitWidth, threads: int, repair_hint: str, graph_file: str = EXACT_GRAPH_FILE
    ) -> None:
        """Open a folder; ``threads`` share the texts of one call, ``mend`` is said where it cannot be opened.

        Raises:
            EncoderError: a file of it cannot be used.
        """
        self._folder, self._repair_hint = folder, repair_hint
        with self._translate_open_errors():
            self._embedding_table = EmbeddingTable(folder / EMBEDDINGS_FILE, bits)
            self._parallel_session, self._single_thread_session = (
                _create_session(folder / graph_file, thread_count) for thread_count in (threads, 1)
            )
            self._thread_pool = ThreadPoolExecutor(threads)
            self._text_to_ids = load_tokenizer(folder)

    def with_graph(self, graph_file: str) -> Self:
        """The same tokens and embeddings through another graph of the folder; raises as opening does."""
        model = copy(self)
        with self._translate_open_errors():
            model._parallel_session = model._single_thread_session = _create_session(self._folder / graph_file, 1)
        return model

    @contextmanager
    def _translate_open_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each of the three libraries has its own, some of them bare Exception
            raise EncoderError(
                f"The model in {self._folder} cannot be opened ({error}); {self._repair_hint}"
            ) from error

    def token_ids(self, text: str, limit: int | None = None) -> list[int]:
        """The token ids of a text without special ones, the first ``limit`` of them."""
        excerpt = text if limit is None else text[: limit * MAX_CHARACTERS_PER_TOKEN]
        return self._text_to_ids(_replace_surrogates(excerpt))[:limit]

    def __call__(
        self, sequences: Sequence[list[int]], output_width: int, segments: Sequence[list[int]] | None = None
    ) -> NDArray[np.float32]:
        """The graph's output (n, width), in the order given; ``segments``: which of two texts a token is of."""
        segments_by_text: Sequence[list[int] | None] = segments or [None] * len(sequences)
        if len(sequences) == 1:
            return self._run_session(self._parallel_session, sequences[0], segments_by_text[0])
        outputs = list(
            self._thread_pool.map(
                partial(self._run_session, self._single_thread_session), sequences, segments_by_text
            )
        )
        return np.concatenate(outputs) if outputs else np.empty((0, output_width), np.float32)

    def _run_session(self, session: Any, sequence: list[int], segments: list[int] | None) -> NDArray[np.float32]:
        inputs: dict[str, NDArray[Any]] = {
            "embeddings": self._embedding_table[sequence][None],
            "mask": np.ones((1, len(sequence)), np.int64),
        }
        if segments is not None:
            inputs["segments"] = np.array([segments])
        output: NDArray[np.float32] = session.run(None, inputs)[0]
        return output


def _replace_surrogates(text: str) -> str:
    """The text with U+FFFD for halves of surrogate pairs, which no UTF-8 library takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _create_session(graph_path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # The graph was optimised when it was exported.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # The arena would keep the memory of the largest batch for good.
    options.enable_cpu_mem_arena = False
    # Threads wait actively between operators (a third faster), but not between calls.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(str(graph_path), options, providers=["CPUExecutionProvider"])
