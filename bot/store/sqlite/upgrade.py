"""Bring a store's schema up to date, with a copy of it beside where it holds anything."""

import logging
from pathlib import Path

from sqlite_utils import Database

from bot.store.sqlite.backup import copied, free_name
from bot.store.sqlite.migrations import check_version, migrations

log = logging.getLogger(__name__)


def upgrade(db: Database, path: Path) -> None:
    """Apply the steps that are pending; raises StoreError, and changes nothing, for a store of a newer version."""
    check_version(db, path)
    pending = migrations.pending(db)
    if pending and migrations.applied(db):
        kept = free_name(path, f"before-{pending[0].name}")
        copied(db.conn, kept)
        log.warning("the store gets a new schema; as it was before it is kept as %s", kept)
    migrations.apply(db)
