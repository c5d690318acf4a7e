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
def test_every_target_is_found_once(texts: list[tuple[int, list[int]]], buffer_size: int) -> None:
    """However little is buffered while writing, each token leads to its targets, in order and once."""
    targets_by_token = defaultdict(set)
    for target, tokens in texts:
        for token in tokens:
            targets_by_token[token].add(target)
    tokens_to_find = np.array([*targets_by_token, 12345], np.uint32)

    with tempfile.TemporaryDirectory() as name:
        with InvertedIndexWriter(Path(name), buffer_size) as writer:
            for target, tokens in texts:
                writer.add_text(target, np.array(tokens, np.uint32))
        index = FileInvertedIndex(Path(name))
        starts, ends = index.find_ranges(tokens_to_find)
        targets_found = [index.targets[start:end].tolist() for start, end in zip(starts, ends, strict=True)]

    assert targets_found == [sorted(targets_by_token.get(token, ())) for token in tokens_to_find.tolist()]
