"""Which targets hold a token: an inverted index in three files, written in bounded memory and mapped for reading.

The files hold the tokens in order, where each one's targets begin, and the targets.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

PAIR = np.dtype([("token", "<u4"), ("target", "<i4")])
AT_ONCE = 4_000_000  # 32 MB of pairs
BUCKETS = 64  # by the first bits of the token; each is sorted by itself
NAMES = ("cover-tokens.npy", "cover-starts.npy", "cover-targets.npy")

Tokens = NDArray[np.uint32]


class PostingsWriter:
    """Takes texts one after the other, and writes the files at the end; use it with `with`."""

    def __init__(self, folder: Path, at_once: int = AT_ONCE) -> None:
        self._folder = folder
        self._at_once = at_once
        self._held: list[NDArray[np.void]] = []
        self._waiting = 0

    def add(self, target: int, tokens: Tokens) -> None:
        """A text of a target, by its tokens."""
        pairs = np.empty(len(tokens), PAIR)
        pairs["token"], pairs["target"] = tokens, target
        self._held.append(pairs)
        self._waiting += len(pairs)
        if self._waiting >= self._at_once:
            self._flush()

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(dir=self._folder)
        self._buckets = [Path(self._temporary.name) / str(number) for number in range(BUCKETS)]
        return self

    def __exit__(self, *_: object) -> None:
        with self._temporary:
            self._flush()
            _gather(self._folder, self._buckets)

    def _flush(self) -> None:
        _append(self._held, self._buckets)
        self._held, self._waiting = [], 0


def _append(held: list[NDArray[np.void]], buckets: list[Path]) -> None:
    pairs = np.sort(np.concatenate([np.empty(0, PAIR), *held]), order="token")
    firsts = np.searchsorted(pairs["token"], np.arange(1, BUCKETS, dtype=np.uint64) * (2**32 // BUCKETS))
    for path, part in zip(buckets, np.split(pairs, firsts), strict=True):
        with path.open("ab") as file:
            part.tofile(file)


def _gather(folder: Path, buckets: list[Path]) -> None:
    vocabulary, counts = [np.empty(0, np.uint32)], [np.empty(0, np.int64)]
    for path in buckets:
        pairs = np.unique(np.fromfile(path, PAIR))
        found, holders = np.unique(pairs["token"], return_counts=True)
        vocabulary.append(found)
        counts.append(holders)
        pairs["target"].tofile(path)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    np.save(folder / NAMES[0], np.concatenate(vocabulary))
    np.save(folder / NAMES[1], starts)
    targets = np.lib.format.open_memmap(folder / NAMES[2], "w+", np.int32, (int(starts[-1]),))
    at = 0
    for path in buckets:
        part = np.fromfile(path, np.int32)
        targets[at : at + len(part)] = part
        at += len(part)
    targets.flush()


class Postings:
    """The files opened for reading. Raises OSError or ValueError where they are damaged."""

    def __init__(self, folder: Path) -> None:
        self._tokens, self._starts = np.load(folder / NAMES[0]), np.load(folder / NAMES[1])
        size = (folder / NAMES[2]).stat().st_size
        self.targets: NDArray[np.int32] = np.load(folder / NAMES[2], mmap_mode="r" if size > 2**24 else None)
        if len(self._starts) != len(self._tokens) + 1 or self._starts[-1] != len(self.targets):
            raise ValueError("the files do not belong together")

    def find(self, asked: Tokens) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where in ``targets`` each token's holders begin and end; both equal for one that nothing holds."""
        places = np.searchsorted(self._tokens, asked)
        known = places < len(self._tokens)
        known[known] = self._tokens[places[known]] == asked[known]
        starts = self._starts[np.where(known, places, 0)]
        return starts, np.where(known, self._starts[np.minimum(places + 1, len(self._tokens))], starts)

    def holders(self, asked: Tokens, most: int) -> tuple[NDArray[np.int64], Sequence[NDArray[np.int32]]]:
        """For each token how many targets hold it, and which; which is not told of more than ``most``."""
        starts, ends = self.find(asked)
        told = np.where(ends - starts <= most, ends, starts)
        places = zip(starts.tolist(), told.tolist(), strict=True)
        return ends - starts, [self.targets[start:end] for start, end in places]
