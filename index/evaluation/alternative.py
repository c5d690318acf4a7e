"""Another index, or another encoder, to ask the same questions of."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from index.backends.folder import Place, as_place
from index.build.builder import build
from index.decision.calibration import calibration_for
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import OnnxEncoder
from index.encoder.model_card import CARD, PAIR_CARD, read_card
from index.search.searcher import Searcher
from index.storage.layout import CURRENT
from index.storage.reader import open_index
from knowledge.errors import GwError
from knowledge.loader import HOUSE, load

UNFITTED = (
    "The other index was built for this comparison, from the bot's own knowledge with the other encoder. Nothing was "
    "fitted for it: weights and thresholds are those in use, so compare the ranking (first) before the decision."
)

RERANKED = "The other is the index in use with the cross-encoder behind it. The decision was fitted without it."


@contextmanager
def opened_against(
    name: str, data: Path, index: Place | Path, content: Path = HOUSE
) -> Iterator[tuple[Searcher, str]]:
    """A searcher over an index folder, or over ``content`` with a prepared encoder; and a note on it.

    ``name`` is a folder, or the name of one in the data folder ``data``. A prepared cross-encoder is put behind the
    ``index`` in use.

    Raises:
        GwError: there is neither an index nor an encoder, or no encoder that the index was made with.
    """
    folder = _folder(name, data)
    if (folder / CURRENT).is_dir():
        encoder = _encoder_of(folder, data, folder.absolute().parent)
        yield Searcher(open_index(folder, encoder), encoder), ""
        return
    if (folder / PAIR_CARD).is_file():
        beside = [index.absolute().parent] if isinstance(index, Path) else []
        encoder = _encoder_of(index, data, *beside)
        yield Searcher(as_place(index).open(encoder), encoder, CrossEncoder.load(folder)), RERANKED
        return
    encoder = OnnxEncoder.load(folder)
    knowledge = load(content)
    with tempfile.TemporaryDirectory() as root:
        build(knowledge, encoder, calibration_for(labelled=bool(knowledge.intents)), Path(root))
        yield Searcher(open_index(Path(root), encoder), encoder), UNFITTED


def _folder(name: str, data: Path) -> Path:
    for folder in (Path(name), data / name):
        if any((folder / part).exists() for part in (CURRENT, CARD, PAIR_CARD)):
            return folder
    raise GwError(
        f"There is neither a built index nor a prepared encoder or cross-encoder in {name}, nor in {data / name}. "
        "Build one: gwbot index build --out DIR"
    )


def _encoder_of(index: Place | Path, *folders: Path) -> OnnxEncoder:
    """The prepared encoder that an index was made with, searched in the data folder and beside the index."""
    head = as_place(index).head()
    for card in _cards(folders):
        if read_card(card.parent).digest == head.encoder_digest:
            return OnnxEncoder.load(card.parent)
    raise GwError(
        f"The index in {index} was made with the encoder {head.encoder}, which is prepared neither in {folders[0]} "
        "nor beside the index. Put its folder into one of the two."
    )


def _cards(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        yield from sorted(place.glob(f"*/{CARD}"))
