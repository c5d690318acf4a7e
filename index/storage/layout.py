"""Names of the files of an index, and the types of what they hold."""

import numpy as np

from knowledge.passages import KINDS, Kind

NAMES = "names.json"  # the file of an index that holds them
CURRENT = "current"
FLOATS, CLUSTERS = "vectors.npy", "vectors.faiss"
STORED = np.float16  # of the floats on disk; changes a cosine in the fifth place
CHUNK = 16_384  # vectors in memory at once
PASSAGES = "passages.jsonl"
ROW = np.dtype([("target", "<i4"), ("kind", "u1"), ("gap", "u1"), ("intent", "u1"), ("foreign", "u1")])
ASKED = (KINDS.index(Kind.QUESTION), KINDS.index(Kind.BARE))  # encoded as questions
