"""`gwbot knowledge`: check the content, and begin a new entry."""

from collections.abc import Iterable
from pathlib import Path

import click

from bot.cli.options import chosen_settings
from bot.cli.terminal import WholeHelpGroup
from bot.errors import GwError, SettingsError
from bot.log import escape_control_chars
from bot.settings import load_settings
from knowledge.errors import Problem

LAYERS = ("page", "literature", "web", "bot", "gap")
DEFAULT_LANGUAGE = "de"  # of messages about content, where the settings cannot be read
_SUMMARIES = {"de": "Fehler: {errors}. Hinweise: {hints}.", "en": "Errors: {errors}. Hints: {hints}."}
_lang_option = click.option(
    "--lang", type=click.Choice(["de", "en"]), help="Language of the messages. Default: GW_LANGUAGE."
)


@click.group(cls=WholeHelpGroup)
def knowledge() -> None:
    """Validate the content the bot answers from, and begin new entries."""


@knowledge.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@_lang_option
@click.option("--strict", is_flag=True, help="Exit with 1 for hints, too.")
def check(folder: Path | None, lang: str | None, strict: bool) -> None:
    """Validate FOLDER (default: the bot's own knowledge) and list every mistake with file and line.

    Errors must be mended before the files can be used, and exit with 1; hints say what is better done.
    """
    from bot.app.knowledge_check import read_checked_knowledge
    from knowledge.loader import BUILT_IN

    settings = chosen_settings()
    content, problems = read_checked_knowledge(folder or settings.knowledge_dir or BUILT_IN, settings.language)
    print_problems(problems, lang or settings.language)
    if content is None or (strict and problems):
        click.get_current_context().exit(1)
    click.echo(f"{sum(1 for _ in content.entries)} files are in order.")


def print_problems(problems: Iterable[Problem], lang: str | None = None) -> None:
    """Print errors and hints on standard error, one a line, and how many there are.

    Without ``lang``, they are in the language of the settings.
    """
    listed = tuple(problems)
    lang = lang or _settings_language()
    for problem in listed:
        line = escape_control_chars(problem.describe(lang), "")
        click.secho(line, fg="yellow" if problem.is_hint else "red", err=True)
    if listed:
        hints = sum(problem.is_hint for problem in listed)
        click.echo(_SUMMARIES[lang].format(errors=len(listed) - hints, hints=hints), err=True)


def _settings_language() -> str:
    try:
        return load_settings().language
    except SettingsError:
        return DEFAULT_LANGUAGE


@knowledge.command()
@click.argument("name")
@click.option("--layer", type=click.Choice(LAYERS), default="literature", help="Where the facts come from.")
@click.option("--knowledge", "folder", type=click.Path(path_type=Path), help="Folder, if not the configured one.")
@_lang_option
def new(name: str, layer: str, folder: Path | None, lang: str | None) -> None:
    """Begin the entry NAME: write its file in each language, with ‹…› where something is to be filled in.

    `gwbot knowledge check` names the lines that are still to be filled in.
    """
    from knowledge.loader import BUILT_IN, has_builtin_layout
    from knowledge.records.entry import ID_PATTERN, Layer, describe_lines, find_placeholders
    from knowledge.records.entry_template import render_entry_template
    from knowledge.validation.rules import COMPLETE_LANGUAGES, MAX_ENTRY_ID_LENGTH, MIN_NOT_ANSWERED, MIN_QUESTIONS

    settings = chosen_settings()
    folder = folder or settings.knowledge_dir or BUILT_IN
    lang = lang or settings.language
    if not ID_PATTERN.fullmatch(name) or len(name) > MAX_ENTRY_ID_LENGTH:
        raise GwError(Problem.of(Path(name), 0, "entry_file_name", maximum=MAX_ENTRY_ID_LENGTH).text(lang))
    if not has_builtin_layout(folder):
        raise GwError(
            f"{folder} has no folder 'content'. There any Markdown file is an entry, without lines to fill in."
        )
    for entry_lang in COMPLETE_LANGUAGES:
        path = folder / "content" / entry_lang / f"{name}.md"
        not_answered_count = MIN_NOT_ANSWERED if entry_lang == "de" else 0
        text = render_entry_template(entry_lang, Layer(layer), MIN_QUESTIONS[entry_lang], not_answered_count)
        _write_new_file(path, text)
        click.echo(f"{path}: lines {describe_lines(find_placeholders(text))}")
    checked_folder = "" if folder == (settings.knowledge_dir or BUILT_IN) else f" {folder}"
    click.echo(f"Fill in every ‹…› there. Then run: gwbot knowledge check{checked_folder}")


def _write_new_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise GwError(f"There is an entry {path} already.") from None
    except OSError as error:
        raise GwError(f"{path} cannot be written ({error.strerror}).") from None


COMMANDS = (knowledge,)
