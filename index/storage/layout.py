"""Names of the files of an index, and the types of what they hold."""

import numpy as np

from knowledge.passages import KINDS, PassageKind

NAMES_FILE = "names.json"  # the file of an index that holds them
CURRENT_LINK = "current"
VECTORS_FILE, CLUSTERS_FILE = "vectors.npy", "vectors.faiss"
STORED_DTYPE = np.float16  # of the floats on disk; changes a cosine in the fifth place
VECTORS_PER_CHUNK = 16_384  # vectors in memory at once
PASSAGES_FILE = "passages.jsonl"
ROW_DTYPE = np.dtype([("target", "<i4"), ("kind", "u1"), ("gap", "u1"), ("intent", "u1"), ("foreign", "u1")])
QUESTION_KINDS = (KINDS.index(PassageKind.QUESTION), KINDS.index(PassageKind.MASKED))  # encoded as questions
