"""What the chart of a self-check is drawn from: groups of rows with a level and the one before, or with a word."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.selfcheck import LEVEL_COUNT, TeamRating
from knowledge.records.selfcheck import SelfCheck
from prompts.render import format_label

ChartData = dict[str, Any]
EMPTY_LEGEND = {"now": "", "before": ""}


def build_own_chart(
    questionnaire: SelfCheck,
    lang: str,
    answers: Mapping[str, int | None],
    subtitle: str,
    previous: Mapping[str, int | None] | None = None,
    previous_date: str = "",
) -> ChartData:
    """One person's answers, with those of the last time where there are any; ``date`` is that of the last time."""
    legend = EMPTY_LEGEND
    if previous is not None:
        legend = {
            "now": format_label("chart_now", lang),
            "before": format_label("chart_before", lang, date=previous_date),
        }
    rows: dict[str, dict[str, Any]] = {
        question.id: {"value": answers.get(question.id), "before": (previous or {}).get(question.id)}
        for question in questionnaire.questions
    }
    scale = [format_label(f"scale_{level}", lang) for level in range(LEVEL_COUNT)]
    return _build_chart(questionnaire, lang, rows, subtitle, format_label("level_x", lang), scale, legend)


def build_team_chart(
    questionnaire: SelfCheck, lang: str, ratings: Mapping[str, TeamRating], subtitle: str
) -> ChartData:
    """What a team said: a word for each question."""
    rows = {
        question.id: {"word": _rating_cell(ratings.get(question.id), lang)} for question in questionnaire.questions
    }
    return _build_chart(questionnaire, lang, rows, subtitle)


def _rating_cell(rating: TeamRating | None, lang: str) -> dict[str, str]:
    """A word with its kind, by which it is coloured; few stands for too few answers."""
    kind = rating.value if rating else "few"
    return {"kind": kind, "text": format_label(f"word_{kind}", lang)}


def _build_chart(
    questionnaire: SelfCheck,
    lang: str,
    rows: Mapping[str, dict[str, Any]],
    subtitle: str,
    unknown_label: str = "",
    scale: Sequence[str] = (),
    legend: Mapping[str, str] = EMPTY_LEGEND,
) -> ChartData:
    groups = [
        {
            "name": group.name,
            "rows": [
                {"name": question.name, **rows[question.id]}
                for question in questionnaire.questions
                if question.group is group
            ],
        }
        for group in questionnaire.groups
    ]
    return {
        "lang": lang[:2],
        "title": format_label("chart_title", lang),
        "subtitle": subtitle,
        "scale": scale,
        "unknown": unknown_label,
        "legend": legend,
        "groups": groups,
    }
