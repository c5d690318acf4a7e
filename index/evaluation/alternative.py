"""Open another index, encoder or cross-encoder to evaluate the same questions with."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.backends.folder import IndexBackend, as_backend
from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import OnnxEncoder
from index.encoder.model_card import CARD_FILE, CROSS_ENCODER_CARD_FILE, read_encoder_card
from index.search.searcher import Searcher
from index.storage.layout import CURRENT_LINK
from index.storage.reader import open_index
from knowledge.errors import GwError
from knowledge.loader import BUILT_IN, load_knowledge

UNFITTED_NOTE = (
    "The other index was built for this comparison, from the bot's own knowledge with the other encoder. Nothing was "
    "fitted for it: weights and thresholds are those in use, so compare the ranking (first) before the decision."
)

RERANKED_NOTE = "The other is the index in use with the cross-encoder behind it. The decision was fitted without it."


@contextmanager
def open_baseline(
    name: str, data_dir: Path, backend: IndexBackend | Path, content_dir: Path = BUILT_IN
) -> Iterator[tuple[Searcher, str]]:
    """Yield a searcher, and a note on what it is.

    ``name`` is a folder, or the name of one in ``data_dir``: an index, an encoder, with which ``content_dir`` is
    indexed, or a cross-encoder, which is added to the index of ``backend``.

    Raises:
        GwError: there is nothing to open, or the encoder that built the index is not available.
    """
    folder = _find_folder(name, data_dir)
    if (folder / CURRENT_LINK).is_dir():
        encoder = _load_encoder_for(folder, data_dir, folder.absolute().parent)
        yield Searcher(open_index(folder, encoder), encoder), ""
        return
    if (folder / CROSS_ENCODER_CARD_FILE).is_file():
        index_parents = [backend.absolute().parent] if isinstance(backend, Path) else []
        encoder = _load_encoder_for(backend, data_dir, *index_parents)
        yield Searcher(as_backend(backend).open_reader(encoder), encoder, CrossEncoder.load(folder)), RERANKED_NOTE
        return
    encoder = OnnxEncoder.load(folder)
    knowledge = load_knowledge(content_dir)
    with tempfile.TemporaryDirectory() as root:
        calibration = load_calibration(with_examples=bool(knowledge.intents))
        build_index(IndexSource(knowledge, encoder, calibration), Path(root))
        yield Searcher(open_index(Path(root), encoder), encoder), UNFITTED_NOTE


def _find_folder(name: str, data_dir: Path) -> Path:
    for folder in (Path(name), data_dir / name):
        if any((folder / file_name).exists() for file_name in (CURRENT_LINK, CARD_FILE, CROSS_ENCODER_CARD_FILE)):
            return folder
    raise GwError(
        f"There is neither a built index nor a prepared encoder or cross-encoder in {name}, "
        f"nor in {data_dir / name}. Build one: gwbot index build --out DIR"
    )


def _load_encoder_for(backend: IndexBackend | Path, *folders: Path) -> OnnxEncoder:
    """Load the encoder that built an index from the data folder or from next to the index."""
    manifest = as_backend(backend).read_manifest()
    for card in (card for folder in folders for card in sorted(folder.glob(f"*/{CARD_FILE}"))):
        if read_encoder_card(card.parent).digest == manifest.encoder_digest:
            return OnnxEncoder.load(card.parent)
    raise GwError(
        f"The index in {backend} was made with the encoder {manifest.encoder}, which is prepared neither "
        f"in {folders[0]} nor beside the index. Put its folder into one of the two."
    )
