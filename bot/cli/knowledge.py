"""`gwbot knowledge`: check the content."""

from pathlib import Path

import click

from bot.cli.options import chosen_settings
from knowledge.errors import ContentError


@click.group()
def knowledge() -> None:
    """The content the bot answers from."""


@knowledge.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def check(folder: Path | None) -> None:
    """Validate FOLDER (default: the bot's own knowledge); every error with file and line."""
    from knowledge.loader import BUILT_IN, has_builtin_layout, load_knowledge, path_or_builtin
    from knowledge.records.contacts import CONTACTS_FILE, read_contacts
    from knowledge.validation.rules import check_knowledge as check_rules

    settings = chosen_settings()
    folder = folder or settings.knowledge_dir or BUILT_IN
    content = load_knowledge(folder, settings.language)
    read_contacts(path_or_builtin(folder, CONTACTS_FILE))  # of any folder: requests go to these people
    problems = check_rules(content) if has_builtin_layout(folder) else ()
    if problems:
        raise ContentError(problems)
    click.echo(f"{sum(1 for _ in content.entries)} files are in order.")


COMMANDS = (knowledge,)
