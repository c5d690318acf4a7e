"""A small disk that is really full or really read-only. Needs permission to mount (root, on Linux)."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

MOUNT, UMOUNT = (shutil.which(name) or name for name in ("mount", "umount"))


class Disk:
    """A small file system in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Use every byte that is left, after SQLite has emptied its write-ahead log."""
        for store in self.folder.glob("*.db"):
            with closing(sqlite3.connect(store)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with self._filler.open("ab", buffering=0) as file:
            for size in (65_536, 4_096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def free(self) -> None:
        """Free the space again."""
        self._filler.unlink()

    def lock(self) -> None:
        """Make the disk read-only."""
        subprocess.run([MOUNT, "-o", "remount,ro", self.folder], check=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Mount a disk of 2 MB on a new folder; skip the test if that is not allowed."""
    folder.mkdir()
    mounted = os.name == "posix" and os.geteuid() == 0
    mounted = (
        mounted
        and not subprocess.run(
            [MOUNT, "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=False, capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield Disk(folder)
    finally:
        subprocess.run([UMOUNT, "-l", folder], check=True)
