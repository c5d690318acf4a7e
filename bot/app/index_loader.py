"""Open the encoder and the index that the settings name."""

import threading
from pathlib import Path

from bot.settings import Settings
from index.backends.folder import FolderBackend, IndexBackend
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import OnnxEncoder
from index.errors import IndexUnusable
from index.search.live_index import LiveIndex


class IndexLoader:
    """Loads encoder, cross-encoder and indexes, each into memory once for all the bots that use it; thread-safe."""

    def __init__(self, encoder_dir: Path, cross_encoder_dir: Path) -> None:
        """Load the encoder, and the cross-encoder once a bot needs it. Raises EncoderError."""
        self.encoder = OnnxEncoder.load(encoder_dir)
        self._lock = threading.Lock()
        self._cross_encoder_dir = cross_encoder_dir
        self._cross_encoder: CrossEncoder | None = None
        self._indexes: dict[tuple[object, bool], LiveIndex] = {}

    def load_index(self, settings: Settings, root: Path | None = None) -> LiveIndex:
        """Return a bot's index, from ``root`` if given. Raises EncoderError or IndexUnusable."""
        key = root or settings.index_location, settings.cross_encoder
        with self._lock:
            if settings.cross_encoder and self._cross_encoder is None:
                self._cross_encoder = CrossEncoder.load(self._cross_encoder_dir)
            cross_encoder = self._cross_encoder if settings.cross_encoder else None
            if key not in self._indexes:
                backend = make_index_backend(settings, root)
                self._indexes[key] = LiveIndex(backend, self.encoder, cross_encoder)
            return self._indexes[key]


def open_index(settings: Settings, root: Path | None = None) -> LiveIndex:
    """Load the encoder and the index, from ``root`` if given. Raises EncoderError or IndexUnusable."""
    return IndexLoader(settings.encoder_dir, settings.cross_encoder_dir).load_index(settings, root)


def make_index_backend(settings: Settings, root: Path | None = None) -> IndexBackend:
    """Return where the index is stored: in ``root`` if given, else where the settings say.

    Raises IndexUnusable if that is PostgreSQL and its driver is not installed.
    """
    if root or settings.index_url is None:
        return FolderBackend(root or settings.index_dir)
    try:
        from index.backends.pgvector import PgBackend
    except ImportError:
        raise IndexUnusable("GW_INDEX_URL needs the driver of PostgreSQL. Run: pip install '.[postgres]'") from None
    return PgBackend(settings.index_url.get_secret_value(), settings.index_name)
