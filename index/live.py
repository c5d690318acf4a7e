"""The index of a running bot: follows ``current`` to a new version without a restart."""

import logging
import threading
from pathlib import Path

from index.cross_encoder import CrossEncoder
from index.encoder import Encoder
from index.opened import current, open_index
from index.search import Searcher
from knowledge.errors import GwError

log = logging.getLogger(__name__)


class LiveIndex:
    """Hands out the searcher of the newest usable version; safe to use from several threads."""

    def __init__(self, root: Path, encoder: Encoder, cross_encoder: CrossEncoder | None = None) -> None:
        """Open the current version; raises IndexUnusable where there is none to start with."""
        self._root, self._encoder, self._cross_encoder = root, encoder, cross_encoder
        self._lock = threading.Lock()
        self._searcher = self._open()
        self._refused: Path | None = None
        self.trouble = ""  # what is wrong with what lies on disk, while what was opened goes on serving

    def searcher(self) -> Searcher:
        """The searcher to use for the next question."""
        try:
            folder = current(self._root)
        except GwError as error:
            self._say("its folder is gone", "%s The one that was loaded goes on serving.", error)
            return self._searcher
        if folder == self._searcher.opened.folder:
            self._say("", "the index is back: %s", folder.name)
        if folder != self._searcher.opened.folder and folder != self._refused:
            with self._lock:
                self._reload(folder)
        return self._searcher

    def _reload(self, folder: Path) -> None:
        if folder in (self._searcher.opened.folder, self._refused):
            return  # another thread was faster
        try:
            self._searcher = self._open()
            self.trouble = ""
            log.info("new index %s in use", folder.name)
        except GwError as error:
            self._refused = folder
            self._say("the new one cannot be used", "the new index is not used, the old one stays: %s", error)

    def _say(self, trouble: str, message: str, *values: object) -> None:
        """Log a change for the better or worse, once."""
        if trouble != self.trouble:
            self.trouble = trouble
            log.log(logging.ERROR if trouble else logging.INFO, message, *values)

    def _open(self) -> Searcher:
        return Searcher(open_index(self._root, self._encoder), self._encoder, self._cross_encoder)
