"""Opening what answers come from: the encoder, and the index that the settings name."""

import threading
from pathlib import Path

from bot.errors import IndexUnusable
from bot.settings import Settings
from index.backends.folder import FolderBackend, IndexBackend
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex


class IndexLoader:
    """Encoder, cross-encoder where a bot wants it, and indexes: each in memory once for all bots that use it."""

    def __init__(self, encoder_dir: Path, cross_encoder_dir: Path) -> None:
        """Load the encoder; raises EncoderError with what to run."""
        self.encoder = OnnxEncoder.load(encoder_dir)
        self._lock = threading.Lock()
        self._cross_encoder_dir = cross_encoder_dir
        self._cross_encoder: CrossEncoder | None = None
        self._indexes: dict[tuple[object, bool], LiveIndex] = {}

    def load_index(self, settings: Settings, root: Path | None = None) -> LiveIndex:
        """The index of a bot, one for all that have it; raises EncoderError or IndexUnusable with what to run."""
        location = root or settings.index_location
        with self._lock:
            if settings.cross_encoder and self._cross_encoder is None:
                self._cross_encoder = CrossEncoder.load(self._cross_encoder_dir)
            cross_encoder = self._cross_encoder if settings.cross_encoder else None
            if (location, cross_encoder is None) not in self._indexes:
                self._indexes[location, cross_encoder is None] = LiveIndex(
                    make_index_backend(settings, root), self.encoder, cross_encoder
                )
            return self._indexes[location, cross_encoder is None]


def open_index(settings: Settings, root: Path | None = None) -> LiveIndex:
    """The index with its encoder; raises EncoderError or IndexUnusable with what to run."""
    return IndexLoader(settings.encoder_dir, settings.cross_encoder_dir).load_index(settings, root)


def make_index_backend(settings: Settings, root: Path | None = None) -> IndexBackend:
    """Where the index lies: in ``root``, or where the settings say. The driver is loaded only for PostgreSQL."""
    if root or settings.index_url is None:
        return FolderBackend(root or settings.index_dir)
    try:
        from index.backends.pgvector import PgBackend
    except ImportError:
        raise IndexUnusable("GW_INDEX_URL needs the driver of PostgreSQL. Run: pip install '.[postgres]'") from None
    return PgBackend(settings.index_url.get_secret_value(), settings.index_name)
