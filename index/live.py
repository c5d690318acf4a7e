"""The index of a running bot: follows its place to a new version without a restart."""

import logging
import threading
from pathlib import Path

from index.cross_encoder import CrossEncoder
from index.encoder import Encoder
from index.errors import IndexUnreachable
from index.place import Place, as_place
from index.search import Searcher
from knowledge.errors import GwError

log = logging.getLogger(__name__)


class LiveIndex:
    """Hands out the searcher of the newest usable version; safe to use from several threads."""

    def __init__(self, place: Place | Path, encoder: Encoder, cross_encoder: CrossEncoder | None = None) -> None:
        """Open the current version; raises IndexUnusable where there is none to start with."""
        self._place = as_place(place)
        self._encoder, self._cross_encoder = encoder, cross_encoder
        self._lock = threading.Lock()
        self._searcher = self._open()
        self._refused = ""
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
        if version not in (self._searcher.opened.version, self._refused):
            with self._lock:
                self._reload(version)
        return self._searcher

    def _reload(self, version: str) -> None:
        if version in (self._searcher.opened.version, self._refused):
            return  # another thread was faster
        try:
            self._searcher = self._open()
            self.trouble = ""
            log.info("new index %s in use", Path(version).name)
        except IndexUnreachable:
            raise
        except GwError as error:
            self._refused = version
            self._say("the new one cannot be used", "the new index is not used, the old one stays: %s", error)

    def _say(self, trouble: str, message: str, *values: object) -> None:
        """Log a change for the better or worse, once."""
        if trouble != self.trouble:
            self.trouble = trouble
            log.log(logging.ERROR if trouble else logging.INFO, message, *values)

    def _open(self) -> Searcher:
        return Searcher(self._place.open(self._encoder), self._encoder, self._cross_encoder)
