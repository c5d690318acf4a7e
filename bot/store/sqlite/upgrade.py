"""Bring a store's schema up to date, with a copy of it beside where it holds anything."""

import logging
from pathlib import Path

from sqlite_utils import Database

from bot.store.sqlite.backup import copy_database, next_free_path
from bot.store.sqlite.migrations import check_version, migrations

log = logging.getLogger(__name__)


def upgrade_schema(db: Database, path: Path) -> None:
    """Apply the steps that are pending; raises StoreError, and changes nothing, for a store of a newer version."""
    check_version(db, path)
    pending = migrations.pending(db)
    if pending and migrations.applied(db):
        copy_path = next_free_path(path, f"before-{pending[0].name}")
        copy_database(db.conn, copy_path)
        log.warning("the store gets a new schema; as it was before it is kept as %s", copy_path)
    migrations.apply(db)
