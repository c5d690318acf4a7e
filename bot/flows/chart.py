"""What the chart of a self-check is drawn from: groups of rows, each with a level, the one before it and a spread."""

from collections.abc import Mapping
from typing import Any

from bot.selfcheck import LEVELS, Together
from knowledge.selfcheck import SelfCheck
from prompts.render import label

Chart = dict[str, Any]


def own(
    check: SelfCheck,
    lang: str,
    answers: Mapping[str, int | None],
    subtitle: str,
    before: Mapping[str, int | None] | None = None,
    date: str = "",
) -> Chart:
    """One person's answers, with those of the last time where there are any; ``date`` is that of the last time."""
    legend = {"now": "", "before": "", "spread": ""}
    if before is not None:
        legend |= {"now": label("chart_now", lang), "before": label("chart_before", lang, date=date)}
    rows: dict[str, dict[str, float | None]] = {
        question.id: {"value": answers.get(question.id), "before": (before or {}).get(question.id), "spread": None}
        for question in check.questions
    }
    return _chart(check, lang, rows, subtitle, legend, label("level_x", lang))


def shared(check: SelfCheck, lang: str, found: Mapping[str, Together], subtitle: str) -> Chart:
    """What several people said: the mean of each question, and how far they are apart."""
    legend = {"now": label("chart_mean", lang), "before": "", "spread": label("chart_spread", lang)}
    rows = {one: {"value": of.mean, "before": None, "spread": of.spread} for one, of in found.items()}
    return _chart(check, lang, rows, subtitle, legend, label("chart_few", lang))


def _chart(
    check: SelfCheck,
    lang: str,
    rows: Mapping[str, dict[str, float | None]],
    subtitle: str,
    legend: dict[str, str],
    unknown: str,
) -> Chart:
    groups = [
        {
            "name": group.name,
            "rows": [{"name": one.name, **rows[one.id]} for one in check.questions if one.group is group],
        }
        for group in check.groups
    ]
    scale = [label(f"scale_{level}", lang) for level in range(LEVELS)]
    return {
        "lang": lang[:2],
        "title": label("chart_title", lang),
        "subtitle": subtitle,
        "scale": scale,
        "unknown": unknown,
        "legend": legend,
        "groups": groups,
    }
