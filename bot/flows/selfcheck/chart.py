"""The data of a self-check's chart: groups of rows, each with levels or with a word."""

from collections.abc import Mapping
from typing import Any

from bot.domain.selfcheck import SelfCheckAnswers, SelfCheckResult, TeamRating
from knowledge.records.selfcheck import LEVEL_COUNT, SelfCheck
from prompts.dates import format_date
from prompts.render import format_label

ChartData = dict[str, Any]


def build_own_chart(
    questionnaire: SelfCheck,
    lang: str,
    answers: SelfCheckAnswers,
    subtitle: str,
    previous: SelfCheckResult | None = None,
) -> ChartData:
    """Return the chart of one person's answers, compared with their previous result if there is one."""
    levels_before = previous.answers if previous else {}
    rows: dict[str, dict[str, Any]] = {
        question.id: {"value": answers.get(question.id), "before": levels_before.get(question.id)}
        for question in questionnaire.questions
    }
    return {
        **_build_chart(questionnaire, lang, rows, subtitle),
        "scale": [format_label(f"scale_{level}", lang) for level in range(LEVEL_COUNT)],
        "unknown": format_label("level_x", lang),
        "legend": build_legend(lang, previous),
    }


def build_legend(lang: str, previous: SelfCheckResult | None) -> dict[str, str]:
    """Return what the marks mean if there is a previous result; else empty words."""
    if previous is None:
        return {"now": "", "before": ""}
    date = format_date(previous.created, lang)
    return {"now": format_label("chart_now", lang), "before": format_label("chart_before", lang, date=date)}


def build_team_chart(
    questionnaire: SelfCheck, lang: str, ratings: Mapping[str, TeamRating], subtitle: str
) -> ChartData:
    """Return the chart of a team, with a word for each question."""
    rows = {item.id: {"word": _rating_cell(ratings.get(item.id), lang)} for item in questionnaire.questions}
    return _build_chart(questionnaire, lang, rows, subtitle)


def _rating_cell(rating: TeamRating | None, lang: str) -> dict[str, str]:
    """Return a word and its kind, which determines its colour; "few" means too few answers."""
    kind = rating.value if rating else "few"
    return {"kind": kind, "text": format_label(f"word_{kind}", lang)}


def _build_chart(questionnaire: SelfCheck, lang: str, rows: Mapping[str, dict[str, Any]], subtitle: str) -> ChartData:
    """Return a chart without scale and legend."""
    groups = []
    for group in questionnaire.groups:
        members = (question for question in questionnaire.questions if question.group is group)
        groups.append({"name": group.name, "rows": [{"name": item.name, **rows[item.id]} for item in members]})
    return {
        "lang": lang[:2],
        "title": questionnaire.title,
        "subtitle": subtitle,
        "scale": (),
        "unknown": "",
        "legend": {"now": "", "before": ""},
        "groups": groups,
    }
