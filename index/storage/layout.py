"""The files of an index, and the layout of what they hold.

An index root holds one folder per version and the link ``current`` to the version in use. A built version never
changes. Each *passage* has a *row*, its number from 0 in the order of ``passages.jsonl``: first the passages of the
entries, then the example phrases of the intents, last the example questions with names masked. A *target* is what
a passage is evidence for, and also has a number: first the entries, then the intents, whose names begin with ``@``.
"""

import numpy as np

from knowledge.passages import KINDS, PassageKind

CURRENT_LINK = "current"

MANIFEST_FILE = "manifest.json"  # what the version was made from, and the SHA-256 of every other file
ENTRIES_FILE = "entries.jsonl"  # one entry per line, in each of its languages, in the order of the knowledge base
ENTRY_OFFSETS_FILE = "entries.npy"  # u64 (lines, 3): hash of the entry id, offset and length in bytes; sorted by hash
PASSAGES_FILE = "passages.jsonl"  # the id and text of one passage per line
ROWS_FILE = "rows.npy"  # ROW_DTYPE (rows,)
KEYS_FILE = "keys.npy"  # u64 (rows,): equal keys are equal texts, so that a rebuild can reuse their vectors
VECTORS_FILE = "vectors.npy"  # VECTOR_DTYPE (rows, dimension), L2-normalised
PRODUCTS_FILE = "vectors.onnx"  # a graph with the same vectors in 8 bits, which compares a query with all of them
CLUSTERS_FILE = "vectors.faiss"  # an inverted-file index of the vectors, in place of the graph if there are very many
CLASSIFIER_FILE = "classifier.npz"  # weights of the target classifier, and a hash of what they were fitted to
# The wording classifier: i32 (known targets,); f32 (buckets,), their rarity; f16 (buckets, known targets).
WORDING_FILES = ("wording-targets.npy", "wording-rarity.npy", "wording.npy")
TARGETS_FILE = "targets.txt"  # the names of the targets in order, without separators, UTF-8
TARGET_ENDS_FILE = "targets.npy"  # i64 (targets + 1,): name i is bytes [i] to [i + 1] of targets.txt
INTENTS_FILE = "intents.json"  # intent id -> kind of reply
NAMES_FILE = "names.json"  # the proper names that are masked: pairs of language and stem
WORDS_FILE = "words.db"  # SQLite: an FTS5 table for BM25, and the document frequency of each term
# An inverted index of hashed tokens: u32 (tokens,) in ascending order; i64 (tokens + 1,) where each posting list
# begins; i32, all posting lists one after the other: the numbers of the targets that contain the token.
POSTINGS_FILES = ("cover-tokens.npy", "cover-starts.npy", "cover-targets.npy")

ROW_DTYPE = np.dtype(
    [
        ("target", "<i4"),
        ("kind", "u1"),  # position in knowledge.passages.KINDS
        ("gap", "u1"),  # 1: the target says what the sources do not say
        ("intent", "u1"),  # 1: the target is an intent
        ("foreign", "u1"),  # 1: the passage is in a language that no searched entry has
    ]
)
VECTOR_DTYPE = np.float16  # half of the space of float32, for an error in the fifth decimal place of a cosine
VECTORS_PER_CHUNK = 16_384  # vectors in memory at a time, 25 MB of float32 with 384 dimensions
QUESTION_KINDS = (KINDS.index(PassageKind.QUESTION), KINDS.index(PassageKind.MASKED))  # encoded as queries
