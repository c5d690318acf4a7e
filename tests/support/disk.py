"""A disk of its own that is really full, or really read-only. Needs the right to mount (root, on Linux)."""

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
        """Use every byte that is left; what SQLite keeps in its log for later is given back before."""
        for store in self.folder.glob("*.db"):
            with closing(sqlite3.connect(store)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with self._filler.open("ab", buffering=0) as file:
            for size in (65_536, 4_096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def free(self) -> None:
        """Give the space back."""
        self._filler.unlink()

    def lock(self) -> None:
        """Make it read-only."""
        subprocess.run([MOUNT, "-o", "remount,ro", self.folder], check=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A disk of 2 MB, mounted on a new folder; the test is skipped where that is not allowed."""
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
