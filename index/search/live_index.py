"""The index of a running bot: switches to new versions without a restart."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from index.backends.folder import IndexBackend, as_backend
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import Encoder
from index.errors import IndexUnreachable
from index.search.searcher import Searcher
from knowledge.errors import GwError

log = logging.getLogger(__name__)
REOPEN_DELAY = 60.0  # seconds until a version that failed to open is tried again


class LiveIndex:
    """Provides the searcher of the newest usable version; safe to use from several threads."""

    def __init__(
        self,
        backend: IndexBackend | Path,
        encoder: Encoder,
        cross_encoder: CrossEncoder | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the current version; raises IndexUnusable if there is none.

        ``clock`` returns monotonic seconds.
        """
        self._backend = as_backend(backend)
        self._encoder, self._cross_encoder = encoder, cross_encoder
        self._clock = clock
        self._lock = threading.Lock()
        self._searcher = self._open_searcher()
        self._rejected_version, self._retry_at = "", 0.0
        self.trouble = ""  # what is wrong with the stored index, while the open one stays in use

    def current_searcher(self) -> Searcher:
        """Return the searcher for the next question; raises IndexUnreachable while no question can be answered."""
        try:
            version = self._backend.current_version()
        except IndexUnreachable as error:
            message = "%s Questions will be answered again once it is back."
            self._log_change("its server cannot be reached", message, error)
            raise
        except GwError as error:
            self._log_change("it is gone", "%s The loaded index stays in use.", error)
            return self._searcher
        if version == self._searcher.reader.version:
            self._log_change("", "the index is back: %s", Path(version).name)
        if self._is_due(version):
            with self._lock:
                if self._is_due(version):  # unless another thread was faster
                    self._load_version(version)
        return self._searcher

    def _is_due(self, version: str) -> bool:
        """Return whether to open a version; a rejected one is retried, as its files may have been repaired."""
        if version == self._searcher.reader.version:
            return False
        return version != self._rejected_version or self._clock() >= self._retry_at

    def _load_version(self, version: str) -> None:
        try:
            self._searcher = self._open_searcher()
            self.trouble = ""
            log.info("new index %s in use", Path(version).name)
        except IndexUnreachable:
            raise
        except GwError as error:
            self._rejected_version, self._retry_at = version, self._clock() + REOPEN_DELAY
            message = "the new index cannot be used, the old one stays in use: %s"
            self._log_change("the new one cannot be used", message, error)

    def _log_change(self, trouble: str, message: str, *values: object) -> None:
        """Log a change for better or worse, once."""
        if trouble != self.trouble:
            self.trouble = trouble
            log.log(logging.ERROR if trouble else logging.INFO, message, *values)

    def _open_searcher(self) -> Searcher:
        return Searcher(self._backend.open_reader(self._encoder), self._encoder, self._cross_encoder)
