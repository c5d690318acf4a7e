"""`gwbot knowledge`: check the content, and begin a new entry.

The terminal speaks English, to operators; these commands alone speak the language of the editors.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bot.cli.options import chosen_settings, knowledge_option
from bot.cli.terminal import WholeHelpGroup
from bot.domain.commands import spell_command
from bot.errors import SettingsError
from bot.log import escape_control_chars
from bot.settings import load_settings
from knowledge.errors import ContentError, Problem

_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")
LAYERS = ("page", "literature", "web", "bot", "gap")
DEFAULT_LANGUAGE = "de"  # of messages about content, where the settings cannot be read
_WORDINGS = {
    "de": {
        "summary": "Fehler: {errors}. Hinweise: {hints}.",
        "in_order": "{count} Dateien sind in Ordnung.",
        "to_fill_in": "{path}: Zeilen {lines}",
        "next": "Füllen Sie dort jedes ‹…› aus. Danach: gwbot knowledge check{folder}",
    },
    "en": {
        "summary": "Errors: {errors}. Hints: {hints}.",
        "in_order": "{count} files are in order.",
        "to_fill_in": "{path}: lines {lines}",
        "next": "Fill in every ‹…› there. Then run: gwbot knowledge check{folder}",
    },
}
_lang_option = click.option(
    "--lang", type=click.Choice(["de", "en"]), help="Language of what is printed. Default: GW_LANGUAGE."
)


@click.group(cls=WholeHelpGroup)
def knowledge() -> None:
    """Validate the content the bot answers from, and begin new entries."""


@knowledge.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@knowledge_option
@_lang_option
@click.option("--strict", is_flag=True, help="Exit with 1 for hints, too.")
def check(folder: Path | None, named_folder: Path | None, lang: str | None, strict: bool) -> None:
    """Validate FOLDER (default: the configured one, or the built-in) and list every mistake with file and line.

    Errors must be mended before the files can be used, and exit with 1; hints say what is better done.
    """
    from bot.app.knowledge_check import read_checked_knowledge
    from knowledge.loader import BUILT_IN

    if folder and named_folder:
        raise click.UsageError("Give the folder once: as FOLDER or with --knowledge.")
    settings = chosen_settings()
    folder = folder or named_folder or settings.knowledge_dir or BUILT_IN
    content, problems = read_checked_knowledge(folder, settings.language)
    lang = lang or settings.language
    print_problems(problems, lang)
    if content is None or (strict and problems):
        click.get_current_context().exit(1)
    click.echo(_WORDINGS[lang]["in_order"].format(count=sum(1 for _ in content.entries)))


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
        click.echo(_WORDINGS[lang]["summary"].format(errors=len(listed) - hints, hints=hints), err=True)


@contextmanager
def problems_in_english() -> Iterator[None]:
    """End with 1 after printing the problems that occur in the block in English, like all else of the command."""
    try:
        yield
    except ContentError as error:
        print_problems(error.problems, "en")
        sys.exit(1)


def _settings_language() -> str:
    try:
        return load_settings().language
    except SettingsError:
        return DEFAULT_LANGUAGE


@knowledge.command()
@click.argument("name", nargs=-1, required=True)
@click.option("--layer", type=click.Choice(LAYERS), default="literature", help="Where the facts come from.")
@knowledge_option
@_lang_option
def new(name: tuple[str, ...], layer: str, named_folder: Path | None, lang: str | None) -> None:
    """Begin the entry NAME: write its file in each language, with ‹…› where something is to be filled in.

    The files are called like it, as far as file names may be: Über uns becomes ueber-uns.md.
    `gwbot knowledge check` names the lines that are still to be filled in.
    """
    from knowledge.loader import BUILT_IN
    from knowledge.records.entry import describe_lines, find_placeholders

    settings = chosen_settings()
    folder = named_folder or settings.knowledge_dir or BUILT_IN
    lang = lang or settings.language
    try:
        texts = _write_entry_files(folder, _to_file_name(" ".join(name)), layer)
    except ContentError as error:
        print_problems(error.problems, lang)
        click.get_current_context().exit(1)
    for path, text in texts.items():
        lines = describe_lines(find_placeholders(text))
        click.echo(_WORDINGS[lang]["to_fill_in"].format(path=path, lines=lines))
    checked_folder = "" if folder == (settings.knowledge_dir or BUILT_IN) else f" {folder}"
    click.echo(_WORDINGS[lang]["next"].format(folder=checked_folder))


def _to_file_name(name: str) -> str:
    """Return a name as that of a file, without ".md": lower case, no umlauts, single hyphens."""
    return _BETWEEN_WORDS.sub("-", spell_command(name).removesuffix(".md")).strip("-")


def _write_entry_files(folder: Path, name: str, layer: str) -> dict[Path, str]:
    """Write the file of a new entry in each language; return the texts. Raises ContentError, then writes none."""
    from knowledge.loader import has_builtin_layout
    from knowledge.records.entry import ID_PATTERN, Layer
    from knowledge.records.entry_template import render_entry_template
    from knowledge.validation.rules import COMPLETE_LANGUAGES, MAX_ENTRY_ID_LENGTH, MIN_NOT_ANSWERED, MIN_QUESTIONS

    if not folder.is_dir():
        raise ContentError([Problem.of(folder, 0, "not_a_folder" if folder.exists() else "folder_missing")])
    if not ID_PATTERN.fullmatch(name) or len(name) > MAX_ENTRY_ID_LENGTH:
        raise ContentError([Problem.of(Path(f"{name}.md"), 0, "entry_file_name", maximum=MAX_ENTRY_ID_LENGTH)])
    if not has_builtin_layout(folder):
        raise ContentError([Problem.of(folder, 0, "folder_without_content")])
    texts = {
        folder / "content" / lang / f"{name}.md": render_entry_template(
            lang, Layer(layer), MIN_QUESTIONS[lang], MIN_NOT_ANSWERED if lang == "de" else 0
        )
        for lang in COMPLETE_LANGUAGES
    }
    if existing := [path for path in texts if path.exists()]:
        raise ContentError(Problem.of(path, 0, "entry_exists") for path in existing)
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ContentError([Problem.of(path, 0, "cannot_be_written", reason=error.strerror)]) from None
    return texts


COMMANDS = (knowledge,)
