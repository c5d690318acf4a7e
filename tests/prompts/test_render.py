"""Templates and labels."""

import re
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, UndefinedError

from bot.domain.commands import ADVISER_COMMANDS, COMMANDS_BY_LANG
from prompts.render import TEMPLATES_FOLDER, format_label, load_labels, render_template

COMPLETE_LANGUAGES = ("de", "en")  # a variant such as de-leicht falls back to its base language


def template_names(lang: str) -> set[str]:
    return {path.name for path in (TEMPLATES_FOLDER / lang).iterdir()}


def test_languages_have_the_same_templates() -> None:
    """No template is missing in any language."""
    assert template_names("de") == template_names("en")


def test_templates_compile() -> None:
    """No template has a mistake in its tags, also those that are rarely shown."""
    environment = Environment(autoescape=True)
    paths = sorted(TEMPLATES_FOLDER.glob("*/*.j2"))

    for path in paths:
        environment.parse(path.read_text("utf-8"), filename=str(path))

    assert paths


def test_languages_have_the_same_labels() -> None:
    """Every label exists in each language, except those of commands, whose names differ."""
    keys = [
        {
            key
            for key in yaml.safe_load((TEMPLATES_FOLDER / lang / "labels.yaml").read_text("utf-8"))
            if "command_" not in key
        }
        for lang in COMPLETE_LANGUAGES
    ]

    assert keys[0] == keys[1]


def test_missing_variable_is_an_error() -> None:
    """A template cannot be rendered without one of its variables."""
    with pytest.raises(UndefinedError):
        render_template("answer", "de", title="x")


def test_values_are_escaped() -> None:
    """A name or a text cannot inject markup into a message."""
    html = render_template("request_taken", "de", adviser="<b>Eve</b><a href='x'>{{ 7 * 7 }}</a>", number="1")

    assert "<b>Eve" not in html
    assert "<a href" not in html
    assert "{{ 7 * 7 }}" in html


@pytest.mark.parametrize("lang", COMPLETE_LANGUAGES)
def test_every_command_has_a_menu_text(lang: str) -> None:
    """The menu text of each command has 1 to 256 characters, as Telegram requires."""
    for name in (*COMMANDS_BY_LANG[lang], *ADVISER_COMMANDS):
        assert 1 <= len(format_label(f"command_{name}", lang)) <= 256


@pytest.mark.parametrize("lang", COMPLETE_LANGUAGES)
def test_profile_fits_telegram(lang: str) -> None:
    """Name, short description and description keep within Telegram's limits of 64, 120 and 512 characters."""
    assert len(format_label("name", lang)) <= 64
    assert len(format_label("about", lang)) <= 120
    assert len(format_label("description", lang)) <= 512


GERMAN = re.compile(r"\b(und|nicht|Sie|Ihre?[nmrs]?|für|mit|oder|eine[nmrs]?|der|das|den|ist|auf|noch)\b|[äöüÄÖÜß]")
GERMAN_NAMES = re.compile("Zukunftsträger|TelefonSeelsorge|Hilfetelefon|Nummer gegen Kummer|Leichte Sprache|Deutsch")


@pytest.mark.parametrize("lang", ["en", "de-leicht"])
def test_templates_use_only_their_own_language(lang: str) -> None:
    """A template takes labels and parts of its own language, and names commands in it."""
    names = set(COMMANDS_BY_LANG[lang[:2]])
    for path in (TEMPLATES_FOLDER / lang).glob("*.j2"):
        source = path.read_text("utf-8")
        assert {code for code in ("de", "en", "de-leicht") if f'"{code}"' in source or f'"{code}/' in source} <= {
            lang
        }
        commands = set(re.findall(r"(?<![\w/.<])/([a-z]{4,})\b", re.sub(r"\{%.*?%\}", "", source)))
        assert commands - names == set(), path.name


def test_no_german_in_english() -> None:
    """No English template or label has a German word in it, except names; notes in other languages aside."""
    texts = {path.name: path.read_text("utf-8") for path in (TEMPLATES_FOLDER / "en").glob("*.j2")}
    texts = {name: re.sub(r"\{[{%].*?[%}]\}", " ", text) for name, text in texts.items()}
    texts |= {key: text for key, text in load_labels("en").items() if not key.startswith(("note_", "crisis_"))}

    assert {
        name: GERMAN_NAMES.sub("", text) for name, text in texts.items() if GERMAN.search(GERMAN_NAMES.sub("", text))
    } == {}


def test_no_template_is_unused() -> None:
    """Every template is rendered or imported somewhere."""
    root = Path(TEMPLATES_FOLDER).parent
    code = "\n".join(path.read_text("utf-8") for room in ("bot", "prompts") for path in (root / room).rglob("*.py"))
    code += "\n".join(path.read_text("utf-8") for path in TEMPLATES_FOLDER.glob("*/*.j2"))
    intents = {path.stem for path in (root / "knowledge" / "intents").glob("*.yaml")}

    templates = {name for name in template_names("de") | template_names("advisers") if name.endswith(".j2")}
    unused = {name for name in templates if name[:-3] not in intents and name[:-3] not in code}

    assert unused == set()
