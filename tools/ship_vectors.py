"""Embed all texts of the built-in knowledge again; write the vectors and the classifier that ship with the package.

Run `make vectors` after larger changes to the texts and after any change of the default encoder. Until then,
`gwbot index build` embeds the texts that are missing from the file.
"""

import shutil
import tempfile
from pathlib import Path

from bot.settings import Settings
from index.build.builder import IndexSource, write_index_files
from index.build.corpus import ignore_progress
from index.build.embeddings import EMPTY_CACHE, write_shipped_vectors
from index.build.target_classifier import SHIPPED_CLASSIFIER_FILE
from index.decision.calibration import unfitted_calibration
from index.encoder.encoder import OnnxEncoder
from index.storage.layout import CLASSIFIER_FILE
from knowledge.loader import BUILT_IN, load_knowledge

if __name__ == "__main__":
    encoder = OnnxEncoder.load(Path("data/encoder"))
    knowledge = load_knowledge(BUILT_IN, Settings().language)
    source = IndexSource(knowledge, encoder, unfitted_calibration())
    with tempfile.TemporaryDirectory() as name:
        write_index_files(Path(name), source, EMPTY_CACHE, ignore_progress)
        shutil.copyfile(Path(name) / CLASSIFIER_FILE, SHIPPED_CLASSIFIER_FILE)
        print(write_shipped_vectors(Path(name), encoder), "vectors written")
