"""The handout: what is worth keeping of the steps that were read, the answers read, and the self-check.

The steps are also a message in the chat; all of it is a PDF.
"""

from itertools import groupby
from typing import Any

from bot.answering.answerer import layer_label
from bot.answering.source_line import list_sources
from bot.domain.commands import ENTRY_PREFIX, bot_link
from bot.domain.message import Attachment, SendMessage
from bot.domain.selfcheck import SelfCheckAnswers, SelfCheckResult
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.selfcheck import chart, team
from bot.flows.selfcheck import result as selfcheck_result
from bot.flows.selfcheck.questionnaire import find_questionnaire, level_label
from knowledge.parsing.plain_text import Summary, summarise_markdown
from knowledge.records.entry import LEICHTE_SPRACHE, Entry, Layer
from knowledge.records.intro import IntroStep
from knowledge.records.selfcheck import SelfCheck
from prompts.dates import format_date
from prompts.render import format_label, render_template

NO_BREAK_SPACE = "\u00a0"


def send_handout(context: TurnContext) -> Turn:
    """Send the handout as a document; if nothing was read or answered yet, say how to fill it."""
    lang = context.lang
    steps_read = [step for number, step in enumerate(context.path, 1) if number in context.state.read]
    results = context.services.store.selfchecks.recent_selfchecks(context.event.user_id)
    answers_read = _list_answers_read(context)
    if not (steps_read or answers_read or results):
        return context.say("takeaway_empty")
    values = _handout_values(context, steps_read, results)
    values |= {"answers_read": answers_read, "team": _team_values(context)}
    kept = (SendMessage(render_template("takeaway_steps", lang, steps=values["steps"])),) if steps_read else ()
    parts = {"steps": steps_read, "answers": answers_read, "check": results}
    named = [format_label(f"takeaway_{part}", lang) for part, content in parts.items() if content]
    html = render_template("takeaway", lang, parts=named)
    return Turn(
        context.state, (*kept, SendMessage(html, attachment=Attachment("takeaway", values, as_document=True)))
    )


def _handout_values(
    context: TurnContext, steps_read: list[IntroStep], results: list[SelfCheckResult]
) -> dict[str, Any]:
    services, lang = context.services, context.lang
    date = format_date(services.now(), lang)
    contact = services.contact
    phone = contact.phone.replace(" ", NO_BREAK_SPACE)
    further = [f"{contact.name} ({contact.role_in(lang)}): {phone}, {contact.email}", format_label("pdf_bot", lang)]
    find_entry = services.answerer.find_entry
    steps = [(step, find_entry(step.entries[0], lang) if step.entries else None) for step in steps_read]
    missing = [label for label, there in (("pdf_no_steps", steps_read), ("pdf_no_check", results)) if not there]
    link = bot_link(services.username) if services.username else ""
    return {
        "lang": lang[:2],
        "large": lang == LEICHTE_SPRACHE,
        "title": format_label("pdf_title", lang),
        "author": format_label("pdf_author", lang),
        "description": format_label("pdf_description", lang, date=date),
        "subtitle": format_label("pdf_subtitle", lang, date=date),
        "notice": format_label("pdf_notice", lang),
        "read": format_label("pdf_read", lang),
        "answers_heading": format_label("pdf_answers", lang),
        "steps": [_step_values(step, entry, lang) for step, entry in steps],
        "sources": _step_sources(steps, lang),
        "check": _selfcheck_values(context, results) if results else None,
        "empty": "\n".join(format_label(label, lang) for label in missing),
        "further": {"heading": format_label("pdf_further", lang), "items": further},
        "link": {"url": link, "text": link.removeprefix("https://"), "alt": format_label("pdf_qr", lang, link=link)},
    }


def _list_answers_read(context: TurnContext) -> list[dict[str, str]]:
    """Return title and link of the answers that were read, without those that no longer exist."""
    services = context.services
    entries = [services.answerer.find_entry(entry_id, context.lang) for entry_id in context.state.answers_read]
    return [
        {
            "title": entry.title,
            "url": bot_link(services.username, ENTRY_PREFIX + entry.id) if services.username else "",
        }
        for entry in entries
        if entry
    ]


def _step_values(step: IntroStep, entry: Entry | None, lang: str) -> dict[str, Any]:
    mark = f"{layer_label(entry.layer, lang)}:" if entry and entry.layer is not Layer.PAGE else ""
    summary = Summary(step.takeaway) if step.takeaway else summarise_markdown(step.body)
    return {"title": f"{step.number}  {step.title}", "text": summary.text, "items": summary.items, "mark": mark}


def _step_sources(steps: list[tuple[IntroStep, Entry | None]], lang: str) -> str:
    """List each source once, with the numbers of its steps."""
    numbers_by_source: dict[str, list[int]] = {}
    for step, entry in steps:
        for source in list_sources(entry) if entry else ():
            numbers_by_source.setdefault(source, []).append(step.number)
    items = [
        format_label("pdf_source_of", lang, source=source, steps=_format_ranges(numbers, lang))
        for source, numbers in numbers_by_source.items()
    ]
    return format_label("pdf_source", lang, sources=format_label("pdf_joint", lang).join(items)) if items else ""


def _format_ranges(numbers: list[int], lang: str) -> str:
    """Join ascending numbers, consecutive ones as a range: [1, 2, 3, 5] -> "1–3, 5"."""
    runs = [list(run) for _, run in groupby(numbers, key=lambda number: number - numbers.index(number))]
    ranges = (format_label("pdf_range", lang, first=run[0], last=run[-1]) if run[1:] else f"{run[0]}" for run in runs)
    return ", ".join(ranges)


def _selfcheck_values(context: TurnContext, results: list[SelfCheckResult]) -> dict[str, Any] | None:
    questionnaire, lang = find_questionnaire(context), context.lang
    if questionnaire is None:
        return None
    result, previous = results[0], results[1] if len(results) > 1 else None
    summary = selfcheck_result.summarise_result(questionnaire, result.answers, lang)
    sources = format_label("pdf_joint", lang).join(dict.fromkeys(group.source for group in questionnaire.groups))
    return {
        "heading": format_label("pdf_check", lang, date=format_date(result.created, lang)),
        "words": format_label(f"verdict_{summary.verdict}", lang),
        "answers": _answer_groups(questionnaire, result.answers, previous.answers if previous else {}, lang),
        "legend": chart.build_legend(lang, previous),
        "strengths": {"title": format_label("pdf_strengths", lang), "items": summary.strengths},
        "gaps": {"title": format_label("pdf_gaps", lang), "items": summary.gaps},
        "first_step": {"title": format_label("pdf_first_step", lang), "text": summary.first_step},
        "caution": format_label("check_caution", lang) + "\n" + format_label("pdf_sources", lang, sources=sources),
    }


def _team_values(context: TurnContext) -> dict[str, Any] | None:
    """Return the result of the person's latest team that has one."""
    store, questionnaire, lang = context.services.store.selfchecks, find_questionnaire(context), context.lang
    teams = map(store.find_team, store.team_codes(context.event.user_id))
    team_result = next((found.result for found in teams if found and found.result), None)
    if team_result is None or questionnaire is None:
        return None
    drawn = chart.build_team_chart(questionnaire, lang, team_result.ratings, "")
    words = [f"{row['name']}: {row['word']['text']}" for group in drawn["groups"] for row in group["rows"]]
    date = format_date(team_result.created, lang)
    first_step = team.summarise_ratings(questionnaire, team_result.ratings, lang).first_step
    return {
        "heading": format_label("pdf_team", lang, people=team_result.people, date=date),
        "alt": "; ".join(words),
        "chart": drawn,
        "first_step": {"title": format_label("pdf_first_step", lang), "text": first_step},
    }


def _answer_groups(
    questionnaire: SelfCheck, answers: SelfCheckAnswers, before: SelfCheckAnswers, lang: str
) -> list[dict[str, Any]]:
    """Return every question with its answer in words, by group."""
    return [
        {
            "name": group.name,
            "rows": [
                {
                    "question": question.question,
                    "answer": level_label(question, answers.get(question.id), lang),
                    "value": answers.get(question.id),
                    "before": before.get(question.id),
                }
                for question in questions
            ],
        }
        for group, questions in groupby(questionnaire.questions, key=lambda question: question.group)
    ]
