"""`gwbot knowledge`: check the content."""

from pathlib import Path

import click

from bot.cli.options import chosen_settings
from bot.errors import ContentError


@click.group()
def knowledge() -> None:
    """The content the bot answers from."""


@knowledge.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def check(folder: Path | None) -> None:
    """Validate FOLDER (default: the bot's own knowledge); every error with file and line."""
    from knowledge.loader import HOUSE, is_house, load, part
    from knowledge.records.contacts import CONTACTS, read_contacts
    from knowledge.validation.rules import check as check_rules

    settings = chosen_settings()
    folder = folder or settings.knowledge_dir or HOUSE
    found = load(folder, settings.language)
    read_contacts(part(folder, CONTACTS))  # of any folder: requests go to these people
    problems = check_rules(found) if is_house(folder) else ()
    if problems:
        raise ContentError(problems)
    click.echo(f"{sum(1 for _ in found.entries)} files are in order.")


COMMANDS = (knowledge,)
