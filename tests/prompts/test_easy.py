"""The prompts in Leichte Sprache."""

import re
from pathlib import Path

import pytest
import yaml

from knowledge.loader import BUILT_IN
from knowledge.validation.leichte_sprache import ALLOWED_WORDS_FILE, find_violations, read_allowed_words
from prompts.render import TEMPLATES_FOLDER, format_label, render_template

EASY = TEMPLATES_FOLDER / "de-leicht"
FOR_ADVISERS = {"adviser_only.j2", "adviser_requests.j2", "status.j2"}
OWN_LABELS = {"note_missing"}


def visible(template: str) -> str:
    """What a person reads of a template, as Markdown with every line in its place."""
    text = re.sub(r"<blockquote.*?</blockquote>|\{%.*?%\}", "", template, flags=re.S)
    text = re.sub(r"\{\{.*?\}\}", "Name", text)
    return re.sub(r"<(?!/?b>)[^>]*>", "", text).replace("<b>", "**").replace("</b>", "**")


def labels() -> dict[str, str]:
    data: dict[str, str] = yaml.safe_load((EASY / "labels.yaml").read_text("utf-8"))
    return data


def test_nothing_is_missing_but_what_advisers_read() -> None:
    """Every template that a person reads is there, and none that German has not."""
    own = {path.name for path in EASY.glob("*.j2")}
    german = {path.name for path in (TEMPLATES_FOLDER / "de").glob("*.j2")}

    assert german - own == FOR_ADVISERS
    assert own - german == set()


@pytest.mark.parametrize("path", sorted(EASY.glob("*.j2")), ids=lambda path: path.stem)
def test_templates_keep_the_rules(path: Path) -> None:
    """Every template keeps the rules that a machine can check."""
    allowed = read_allowed_words(BUILT_IN / ALLOWED_WORDS_FILE)

    assert list(find_violations(visible(path.read_text("utf-8")), allowed)) == []


def test_labels_keep_the_rules() -> None:
    """So does every label; one may hold two sentences, since a button or a toast has no lines."""
    allowed = read_allowed_words(BUILT_IN / ALLOWED_WORDS_FILE)
    violations = {
        key: list(find_violations(re.sub(r"(?<=[.?!]) ", "\n", text), allowed))
        for key, text in labels().items()
        if find_violations(text)
    }

    assert {key: messages for key, messages in violations.items() if messages} == {}
    assert (
        set(labels()) - set(yaml.safe_load((TEMPLATES_FOLDER / "de" / "labels.yaml").read_text("utf-8")))
        == OWN_LABELS
    )


def test_what_is_missing_is_said_in_german() -> None:
    """A label or template without a version in Leichte Sprache is the German one."""
    assert format_label("weekdays", "de-leicht") == format_label("weekdays", "de")
    assert render_template("adviser_only", "de-leicht") == render_template("adviser_only", "de")


def test_sentences_keep_their_lines() -> None:
    """Each sentence of an entry stands on a line of its own, as it was written."""
    html = render_template(
        "answer", "de-leicht", note="", title="T", layer="page", body="Eins.\nZwei.\n\n- a\n- b", source="", url=""
    )

    assert html == "<b>T</b>\n\nEins.\nZwei.\n\n• a\n• b"
