"""The migrations of a schema: numbered SQL files, one set for each database."""

from collections.abc import Collection, Iterable
from pathlib import Path

from bot.errors import StoreError


def find_migrations(folder: Path) -> dict[str, Path]:
    """Return the files by name, in order; one that has shipped is never changed."""
    return {file.stem: file for file in sorted(folder.glob("*.sql"))}


def list_pending(known: Collection[str], applied: Iterable[str], address: object) -> list[str]:
    """Return the names of those to apply; raises StoreError if a newer version of this program applied others."""
    applied = set(applied)
    if unknown := sorted(applied.difference(known)):
        raise StoreError(
            f"{address} was written by a newer version of this program (it has the steps {', '.join(unknown)}). "
            "Install that version again, or restore a backup from before."
        )
    return [name for name in known if name not in applied]
