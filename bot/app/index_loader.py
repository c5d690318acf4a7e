"""Opening what answers come from: the encoder, and the index that the settings name."""

import threading
from pathlib import Path

from bot.errors import IndexUnusable
from bot.settings import Settings
from index.backends.folder import Folder, Place
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex


class Models:
    """Encoder, cross-encoder where a bot wants it, and indexes: each in memory once for all bots that use it."""

    def __init__(self, encoder_dir: Path, cross_encoder_dir: Path) -> None:
        """Load the encoder; raises EncoderError with what to run."""
        self.encoder = OnnxEncoder.load(encoder_dir)
        self._lock = threading.Lock()
        self._folder = cross_encoder_dir
        self._second: CrossEncoder | None = None
        self._open: dict[tuple[object, bool], LiveIndex] = {}

    def live(self, settings: Settings, root: Path | None = None) -> LiveIndex:
        """The index of a bot, one for all that have it; raises EncoderError or IndexUnusable with what to run."""
        here = root or settings.index_location
        with self._lock:
            if settings.cross_encoder and self._second is None:
                self._second = CrossEncoder.load(self._folder)
            second = self._second if settings.cross_encoder else None
            if (here, second is None) not in self._open:
                self._open[here, second is None] = LiveIndex(index_place(settings, root), self.encoder, second)
            return self._open[here, second is None]


def open_index(settings: Settings, root: Path | None = None) -> LiveIndex:
    """The index with its encoder; raises EncoderError or IndexUnusable with what to run."""
    return Models(settings.encoder_dir, settings.cross_encoder_dir).live(settings, root)


def index_place(settings: Settings, root: Path | None = None) -> Place:
    """Where the index lies: in ``root``, or where the settings say. The driver is loaded only for PostgreSQL."""
    if root or settings.index_url is None:
        return Folder(root or settings.index_dir)
    try:
        from index.backends.pgvector import PgPlace
    except ImportError:
        raise IndexUnusable("GW_INDEX_URL needs the driver of PostgreSQL. Run: pip install '.[postgres]'") from None
    return PgPlace(settings.index_url.get_secret_value(), settings.index_name)
