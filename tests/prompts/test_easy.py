"""The texts of the bot in Leichte Sprache."""

import re
from pathlib import Path

import pytest
import yaml

from knowledge.loader import BUILT_IN
from knowledge.validation.leichte_sprache import ALLOWED_WORDS_FILE, find_violations, read_allowed_words
from prompts.render import TEMPLATES_FOLDER, format_label, render_template

EASY = TEMPLATES_FOLDER / "de-leicht"
FOR_ADVISERS = {"adviser_requests.j2", "status.j2"}


def visible_text(template: str) -> str:
    """Return what a person reads of a template, as Markdown on the same lines."""
    text = re.sub(r"<blockquote.*?</blockquote>|\{%.*?%\}", "", template, flags=re.S)
    text = re.sub(r"\{\{.*?\}\}", "Name", text)
    return re.sub(r"<(?!/?b>)[^>]*>", "", text).replace("<b>", "**").replace("</b>", "**")


def labels() -> dict[str, str]:
    data: dict[str, str] = yaml.safe_load((EASY / "labels.yaml").read_text("utf-8"))
    return data


def test_only_templates_for_advisers_are_missing() -> None:
    """Every template of German exists except those for advisers, and there are no others."""
    own = {path.name for path in EASY.glob("*.j2")}
    german = {path.name for path in (TEMPLATES_FOLDER / "de").glob("*.j2")}

    assert german - own == FOR_ADVISERS
    assert own - german == set()


@pytest.mark.parametrize("path", sorted(EASY.glob("*.j2")), ids=lambda path: path.stem)
def test_templates_follow_the_rules(path: Path) -> None:
    """Every template follows the rules that a machine can check."""
    allowed = read_allowed_words(BUILT_IN / ALLOWED_WORDS_FILE)

    assert list(find_violations(visible_text(path.read_text("utf-8")), allowed)) == []


def test_labels_follow_the_rules() -> None:
    """Every label follows the rules too, but may have two sentences, because buttons and toasts have no lines."""
    allowed = read_allowed_words(BUILT_IN / ALLOWED_WORDS_FILE)
    violations = {
        key: list(find_violations(re.sub(r"(?<=[.?!]) ", "\n", text), allowed))
        for key, text in labels().items()
        if find_violations(text)
    }

    assert {key: messages for key, messages in violations.items() if messages} == {}
    assert set(labels()) <= set(yaml.safe_load((TEMPLATES_FOLDER / "de" / "labels.yaml").read_text("utf-8")))


def test_missing_texts_are_german() -> None:
    """A label or template without a version in Leichte Sprache is shown in German."""
    assert format_label("weekdays", "de-leicht") == format_label("weekdays", "de")
    values = {"requests": [], "more": 0}
    assert render_template("adviser_requests", "de-leicht", **values) == render_template(
        "adviser_requests", "de", **values
    )


def test_sentences_keep_their_lines() -> None:
    """Each sentence of an entry stays on its own line."""
    html = render_template(
        "answer", "de-leicht", note="", title="T", layer="", body="Eins.\nZwei.\n\n- a\n- b", source="", url=""
    )

    assert html == "<b>T</b>\n\nEins.\nZwei.\n\n• a\n• b"
