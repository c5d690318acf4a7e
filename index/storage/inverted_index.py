"""An inverted index from hashed tokens to targets, written in bounded memory and mapped for reading."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.storage.layout import POSTINGS_FILES

TARGET_BITS = np.uint64(32)  # a pair is one number, the token before the target: numbers are sorted fast
PAIRS_PER_FLUSH = 4_000_000  # 32 MB of pairs
BUCKET_COUNT = 64  # buckets by the first bits of the token, each sorted on its own

TokenArray = NDArray[np.uint32]
PairArray = NDArray[np.uint64]


class InvertedIndexWriter:
    """Collect the tokens of texts, to be used with ``with``; the files are written at the end."""

    def __init__(self, folder: Path, pairs_per_flush: int = PAIRS_PER_FLUSH) -> None:
        self._folder = folder
        self._pairs_per_flush = pairs_per_flush
        self._pending_pairs: list[PairArray] = []
        self._pending_count = 0

    def add_text(self, target: int, tokens: TokenArray) -> None:
        """Add a text of a target, given as its hashed tokens, shape (n,)."""
        self._pending_pairs.append(tokens.astype(np.uint64) << TARGET_BITS | np.uint64(target))
        self._pending_count += len(tokens)
        if self._pending_count >= self._pairs_per_flush:
            self._flush_pairs()

    def __enter__(self) -> Self:
        self._temp_folder = tempfile.TemporaryDirectory(dir=self._folder)
        self._bucket_paths = [Path(self._temp_folder.name) / str(number) for number in range(BUCKET_COUNT)]
        return self

    def __exit__(self, *_: object) -> None:
        with self._temp_folder:
            self._flush_pairs()
            _merge_buckets(self._folder, self._bucket_paths)

    def _flush_pairs(self) -> None:
        _append_to_buckets(self._pending_pairs, self._bucket_paths)
        self._pending_pairs, self._pending_count = [], 0


def _append_to_buckets(pending_pairs: list[PairArray], bucket_paths: list[Path]) -> None:
    pairs = np.sort(np.concatenate([np.empty(0, np.uint64), *pending_pairs]))
    first_pairs = np.arange(1, BUCKET_COUNT, dtype=np.uint64) * np.uint64(2**64 // BUCKET_COUNT)
    bucket_starts = np.searchsorted(pairs, first_pairs)
    for path, bucket_pairs in zip(bucket_paths, np.split(pairs, bucket_starts), strict=True):
        with path.open("ab") as file:
            bucket_pairs.tofile(file)


def _merge_buckets(folder: Path, bucket_paths: list[Path]) -> None:
    vocabulary, counts = [np.empty(0, np.uint32)], [np.empty(0, np.int64)]
    for path in bucket_paths:
        pairs = np.unique(np.fromfile(path, np.uint64))
        tokens, target_counts = np.unique(pairs >> TARGET_BITS, return_counts=True)
        vocabulary.append(tokens.astype(np.uint32))
        counts.append(target_counts)
        pairs.astype(np.uint32).tofile(path)  # without the token
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    np.save(folder / POSTINGS_FILES[0], np.concatenate(vocabulary))
    np.save(folder / POSTINGS_FILES[1], starts)
    targets = np.lib.format.open_memmap(folder / POSTINGS_FILES[2], "w+", np.int32, (int(starts[-1]),))
    offset = 0
    for path in bucket_paths:
        bucket_targets = np.fromfile(path, np.int32)
        targets[offset : offset + len(bucket_targets)] = bucket_targets
        offset += len(bucket_targets)
    targets.flush()


class FileInvertedIndex:
    """The files opened for reading. Raises OSError or ValueError if they are damaged."""

    def __init__(self, folder: Path) -> None:
        self._tokens, self._starts = np.load(folder / POSTINGS_FILES[0]), np.load(folder / POSTINGS_FILES[1])
        size = (folder / POSTINGS_FILES[2]).stat().st_size
        self.targets: NDArray[np.int32] = np.load(folder / POSTINGS_FILES[2], mmap_mode="r" if size > 2**24 else None)
        if len(self._starts) != len(self._tokens) + 1 or self._starts[-1] != len(self.targets):
            raise ValueError("the files do not belong together")

    def find_ranges(self, tokens: TokenArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where each token's posting list starts and ends in ``targets``; equal for an unknown token."""
        positions = np.searchsorted(self._tokens, tokens)
        is_present = positions < len(self._tokens)
        is_present[is_present] = self._tokens[positions[is_present]] == tokens[is_present]
        starts = self._starts[np.where(is_present, positions, 0)]
        return starts, np.where(is_present, self._starts[np.minimum(positions + 1, len(self._tokens))], starts)

    def posting_lists(
        self, tokens: TokenArray, max_length: int
    ) -> tuple[NDArray[np.int64], Sequence[NDArray[np.int32]]]:
        """Return document frequency and posting list per token; lists longer than ``max_length`` are empty."""
        starts, ends = self.find_ranges(tokens)
        list_ends = np.where(ends - starts <= max_length, ends, starts)
        ranges = zip(starts.tolist(), list_ends.tolist(), strict=True)
        return ends - starts, [self.targets[start:end] for start, end in ranges]
