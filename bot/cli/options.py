"""Shared by several commands: options, the settings to work with, and their store."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.app.tenants import load_tenant_settings
from bot.errors import GwError
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from bot.store import Store

DEFAULT_QUESTIONS_FILE = Path("tests/data/questions.jsonl")  # of a checkout that is the current folder
index_option = click.option(
    "--index", "root", type=click.Path(path_type=Path), help="Index folder to use instead of the configured one."
)
questions_option = click.option(
    "--questions",
    "path",
    default=DEFAULT_QUESTIONS_FILE,
    type=click.Path(path_type=Path),
    help=f"File of labelled questions. Default: {DEFAULT_QUESTIONS_FILE} in the current folder.",
)


def chosen_settings() -> Settings:
    """Return the installation's settings, or those of `gwbot --tenant NAME`; raise SettingsError if any is wrong."""
    installation, tenant = load_settings(), chosen_tenant()
    return load_tenant_settings(installation, tenant) if tenant else installation


def chosen_tenant() -> str | None:
    """Return the tenant named on the command line."""
    tenant: str | None = click.get_current_context().find_root().params.get("tenant")
    return tenant


@contextmanager
def open_store(settings: Settings) -> "Iterator[Store]":
    """Open the store of these settings, and close it at the end of the block."""
    from bot.app.bootstrap import open_store_from_settings

    with closing(open_store_from_settings(settings)) as store:
        yield store


def require_questions_file(path: Path) -> Path:
    """Return the path of a file of labelled questions; raise GwError if there is none."""
    if not path.is_file():
        raise GwError(f"There is no file {path} with labelled questions. Name one with --questions FILE.")
    return path
