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


def _require_index(context: click.Context, parameter: click.Parameter, root: Path | None) -> Path | None:
    from index.storage.layout import CURRENT_LINK

    if root and not (root / CURRENT_LINK).exists():
        raise GwError(f"There is no index in {root}. To build one there, run: gwbot index build --out {root}")
    return root


index_option = click.option(
    "--index",
    "root",
    type=click.Path(path_type=Path),
    callback=_require_index,
    help="Index folder to use instead of the configured one.",
)
knowledge_option = click.option(
    "--knowledge",
    "named_folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Knowledge folder to use instead of the configured one.",
)
questions_option = click.option(
    "--questions",
    "path",
    type=click.Path(path_type=Path),
    help="File of labelled questions. Default: those that the bot comes with, about the built-in knowledge.",
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


def require_questions_file(path: Path | None) -> Path:
    """Return the path of a file of labelled questions, by default the bot's own; raise GwError if there is none."""
    from index.evaluation.dataset import LABELLED_QUESTIONS

    path = path or LABELLED_QUESTIONS
    if not path.is_file():
        raise GwError(f"There is no file {path} with labelled questions. Name one with --questions FILE.")
    return path
