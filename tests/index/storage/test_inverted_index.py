"""The inverted index."""

import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from index.storage.inverted_index import FileInvertedIndex, InvertedIndexWriter

TOKENS = st.lists(st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 2**31, 2**32 - 1]), max_size=8)


@settings(deadline=None)  # each example writes 64 files
@given(st.lists(st.tuples(st.integers(0, 5), TOKENS), max_size=12), st.integers(1, 6))
def test_finds_every_holder_once(texts: list[tuple[int, list[int]]], at_once: int) -> None:
    """However little is held in memory while writing, each token leads to its targets, in order and once."""
    held = defaultdict(set)
    for target, tokens in texts:
        for token in tokens:
            held[token].add(target)
    asked = np.array([*held, 12345], np.uint32)

    with tempfile.TemporaryDirectory() as name:
        with InvertedIndexWriter(Path(name), at_once) as writer:
            for target, tokens in texts:
                writer.add_text(target, np.array(tokens, np.uint32))
        opened = FileInvertedIndex(Path(name))
        starts, ends = opened.find_ranges(asked)
        found = [opened.targets[start:end].tolist() for start, end in zip(starts, ends, strict=True)]

    assert found == [sorted(held.get(token, ())) for token in asked.tolist()]
