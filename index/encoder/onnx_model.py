"""Run the model of a prepared folder: tokenizer, word embeddings, and the layers as an ONNX graph."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from index.encoder.model_card import EMBEDDINGS_FILE, EXACT_GRAPH_FILE
from index.encoder.quantization import BitWidth, EmbeddingTable
from index.encoder.tokenizer import load_tokenizer
from index.errors import EncoderError

# Longer than any token of the known models, so that truncating a text early does not change its first tokens.
MAX_CHARACTERS_PER_TOKEN = 32


class OnnxModel:
    """Converts texts to token ids, and token ids to the output of the graph; thread-safe.

    A single text is computed by all threads together, several texts by one thread each, which is more efficient:
    threads that share a text wait for each other for a third of the time.
    """

    def __init__(
        self, folder: Path, bits: BitWidth, threads: int, repair_hint: str, graph_file: str = EXACT_GRAPH_FILE
    ) -> None:
        """Open a prepared folder.

        Raises:
            EncoderError: a file cannot be used; the message ends with ``repair_hint``.
        """
        self._folder, self._repair_hint = folder, repair_hint
        with self._translate_open_errors():
            self._embedding_table = EmbeddingTable(folder / EMBEDDINGS_FILE, bits)
            self._parallel_session = _create_session(folder / graph_file, threads)
            self._single_thread_session = _create_session(folder / graph_file, 1)
            self._thread_pool = ThreadPoolExecutor(threads)
            self._text_to_ids = load_tokenizer(folder)

    def with_graph(self, graph_file: str) -> Self:
        """Return a model with the same tokenizer and embeddings, but another graph; raises EncoderError."""
        model = copy(self)
        with self._translate_open_errors():
            model._parallel_session = model._single_thread_session = _create_session(self._folder / graph_file, 1)
        return model

    @contextmanager
    def _translate_open_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # three libraries with their own errors, some of them a bare Exception
            message = f"The model in {self._folder} cannot be opened ({error}); {self._repair_hint}"
            raise EncoderError(message) from error

    def token_ids(self, text: str, limit: int | None = None) -> list[int]:
        """Return the first ``limit`` token ids of a text, without special tokens."""
        excerpt = text if limit is None else text[: limit * MAX_CHARACTERS_PER_TOKEN]
        return self._text_to_ids(_replace_surrogates(excerpt))[:limit]

    def __call__(
        self, sequences: Sequence[list[int]], output_width: int, segments: Sequence[list[int]] | None = None
    ) -> NDArray[np.float32]:
        """Return the output (n, output_width) for n sequences of token ids, with a segment id (0, 1) per token."""
        segments_by_text: Sequence[list[int] | None] = segments or [None] * len(sequences)
        if len(sequences) == 1:
            return self._run_session(self._parallel_session, sequences[0], segments_by_text[0])
        run = partial(self._run_session, self._single_thread_session)
        outputs = list(self._thread_pool.map(run, sequences, segments_by_text))
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
    """Replace unpaired surrogates, which cannot be encoded as UTF-8, by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _create_session(graph_path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # The graph was optimised during export.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # The arena would never release the memory of the largest batch.
    options.enable_cpu_mem_arena = False
    # Threads spin between operators (a third faster), but not between calls.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(str(graph_path), options, providers=["CPUExecutionProvider"])
