"""The index of a running bot: follows its place to a new version without a restart."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from index.backends.folder import Place, as_place
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import Encoder
from index.errors import IndexUnreachable
from index.search.searcher import Searcher
from knowledge.errors import GwError

log = logging.getLogger(__name__)
RETRY = 60.0  # seconds until a version that could not be opened is tried again


class LiveIndex:
    """Hands out the searcher of the newest usable version; safe to use from several threads."""

    def __init__(
        self,
        place: Place | Path,
        encoder: Encoder,
        cross_encoder: CrossEncoder | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the current version; raises IndexUnusable where there is none to start with."""
        self._place = as_place(place)
        self._encoder, self._cross_encoder = encoder, cross_encoder
        self._clock = clock
        self._lock = threading.Lock()
        self._searcher = self._open()
        self._refused, self._retry_at = "", 0.0
        self.trouble = ""  # what is wrong with what lies there, while what was opened goes on serving

    def searcher(self) -> Searcher:
        """The searcher to use for the next question; raises IndexUnreachable while no question can be answered."""
        try:
            version = self._place.current()
        except IndexUnreachable as error:
            self._say("its server cannot be reached", "%s Questions are answered again when it is back.", error)
            raise
        except GwError as error:
            self._say("it is gone", "%s The one that was loaded goes on serving.", error)
            return self._searcher
        if version == self._searcher.opened.version:
            self._say("", "the index is back: %s", Path(version).name)
        if self._is_due(version):
            with self._lock:
                if self._is_due(version):  # no other thread was faster
                    self._reload(version)
        return self._searcher

    def _is_due(self, version: str) -> bool:
        """Whether to open a version; of one that was refused the files may have been repaired since."""
        if version == self._searcher.opened.version:
            return False
        return version != self._refused or self._clock() >= self._retry_at

    def _reload(self, version: str) -> None:
        try:
            self._searcher = self._open()
            self.trouble = ""
            log.info("new index %s in use", Path(version).name)
        except IndexUnreachable:
            raise
        except GwError as error:
            self._refused, self._retry_at = version, self._clock() + RETRY
            self._say("the new one cannot be used", "the new index is not used, the old one stays: %s", error)

    def _say(self, trouble: str, message: str, *values: object) -> None:
        """Log a change for the better or worse, once."""
        if trouble != self.trouble:
            self.trouble = trouble
            log.log(logging.ERROR if trouble else logging.INFO, message, *values)

    def _open(self) -> Searcher:
        return Searcher(self._place.open(self._encoder), self._encoder, self._cross_encoder)
