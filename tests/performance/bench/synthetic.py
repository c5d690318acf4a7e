"""Generate a large knowledge folder from the real one: words by their frequency, vectors as mixtures."""

import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoder.encoder import Vectors
from index.storage.entry_store import read_passages
from knowledge.records.entry import Entry

NEIGHBOURS = 10
MIX, NOISE = 0.6, 0.7  # chosen so that neighbours are as close as in a real folder of that size


class SentenceGenerator:
    """Random sentences of the real words, including stop words, by their real frequency."""

    def __init__(self, index: Path) -> None:
        word_counts = Counter(word for _, text in read_passages(index) for word in re.findall(r"\w+", text))
        self._words, self._weights = list(word_counts), list(accumulate(word_counts.values()))

    def __call__(self, seed: int, shortest: int, longest: int) -> str:
        """Return a sentence of so many words; equal seeds give equal sentences."""
        generator = random.Random(seed)
        length = generator.randint(shortest, longest)
        return " ".join(generator.choices(self._words, cum_weights=self._weights, k=length)) + "."


@dataclass(frozen=True)
class SyntheticEntries:
    """``count`` entries of one sentence, and so one passage, each; generated lazily."""

    count: int
    sentences: SentenceGenerator

    def __iter__(self) -> Iterator[Entry]:
        for number in range(self.count):
            yield Entry(f"ordner-{number // 1000}/{number}", "de", f"Datei {number}", self.sentences(number, 8, 28))


class MixedEncoder:
    """An encoder whose passage vectors are mixtures of real ones, and whose query vectors are given.

    A real vector is moved towards two of its neighbours, then by two differences between other vectors and their
    neighbours: noise in the directions in which real vectors differ.
    """

    name, revision, digest = "mixed", "", "mixed"

    def __init__(self, real: Vectors, questions: dict[str, Vectors]) -> None:
        self._real, self._questions = real, questions
        self._mean: Vectors = real.mean(axis=0)
        self._near = np.concatenate([_neighbours(part, real) for part in np.array_split(real, 64)])

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return len(self._mean)

    def encode_queries(self, texts: Sequence[str], *, fast: bool = False) -> Vectors:
        """Return the given vectors."""
        return np.stack([self._questions[text] for text in texts])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return a mixture for each text; equal texts have equal vectors."""
        seeds = np.array([zlib.crc32(text.encode()) for text in texts], np.uint64)
        real, near = self._real, self._near
        base = _draw(seeds, 0, len(real))
        rest = real[base] - self._mean
        size = np.linalg.norm(rest, axis=1, keepdims=True)
        for turn in (1, 2):
            share = np.float32(MIX / 1000) * _draw(seeds, turn, 1000).astype(np.float32)
            rest += share[:, None] * (real[near[base, _draw(seeds, 10 + turn, NEIGHBOURS)]] - real[base])
            other = _draw(seeds, 20 + turn, len(real))
            rest += np.float32(NOISE) * (real[other] - real[near[other, _draw(seeds, 30 + turn, NEIGHBOURS)]])
        vectors: Vectors = self._mean + rest * (size / np.linalg.norm(rest, axis=1, keepdims=True))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def _neighbours(part: Vectors, real: Vectors) -> NDArray[np.int64]:
    """Return the nearest real vectors of each vector in a part; copied, so that the rest is freed."""
    return np.argsort(-(part @ real.T), axis=1)[:, 1 : NEIGHBOURS + 1].copy()


def _draw(seeds: NDArray[np.uint64], stream: int, below: int) -> NDArray[np.int64]:
    """Return an independent random number for each seed and stream (splitmix64)."""
    mixed = seeds * np.uint64(0x9E3779B97F4A7C15) + np.uint64(stream * 0xD1B54A32D192ED03 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed ^ (mixed >> np.uint64(31))) % np.uint64(below)).astype(np.int64)
