"""What the chart of a self-check is drawn from: groups of rows with a level and the one before, or with a word."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.selfcheck import LEVELS, Word
from knowledge.records.selfcheck import SelfCheck
from prompts.render import label

Chart = dict[str, Any]
NO_LEGEND = {"now": "", "before": ""}


def own(
    check: SelfCheck,
    lang: str,
    answers: Mapping[str, int | None],
    subtitle: str,
    before: Mapping[str, int | None] | None = None,
    date: str = "",
) -> Chart:
    """One person's answers, with those of the last time where there are any; ``date`` is that of the last time."""
    legend = NO_LEGEND
    if before is not None:
        legend = {"now": label("chart_now", lang), "before": label("chart_before", lang, date=date)}
    rows: dict[str, dict[str, Any]] = {
        question.id: {"value": answers.get(question.id), "before": (before or {}).get(question.id)}
        for question in check.questions
    }
    scale = [label(f"scale_{level}", lang) for level in range(LEVELS)]
    return _chart(check, lang, rows, subtitle, label("level_x", lang), scale, legend)


def shared(check: SelfCheck, lang: str, words: Mapping[str, Word], subtitle: str) -> Chart:
    """What a team said: a word for each question."""
    rows = {question.id: {"word": _word(words.get(question.id), lang)} for question in check.questions}
    return _chart(check, lang, rows, subtitle)


def _word(word: Word | None, lang: str) -> dict[str, str]:
    """A word with its kind, by which it is coloured; few stands for too few answers."""
    kind = word.value if word else "few"
    return {"kind": kind, "text": label(f"word_{kind}", lang)}


def _chart(
    check: SelfCheck,
    lang: str,
    rows: Mapping[str, dict[str, Any]],
    subtitle: str,
    unknown: str = "",
    scale: Sequence[str] = (),
    legend: Mapping[str, str] = NO_LEGEND,
) -> Chart:
    groups = [
        {
            "name": group.name,
            "rows": [{"name": one.name, **rows[one.id]} for one in check.questions if one.group is group],
        }
        for group in check.groups
    ]
    return {
        "lang": lang[:2],
        "title": label("chart_title", lang),
        "subtitle": subtitle,
        "scale": scale,
        "unknown": unknown,
        "legend": legend,
        "groups": groups,
    }
