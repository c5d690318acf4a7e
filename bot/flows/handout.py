"""The page to take along: what was read in the introduction, and the self-check, with sources and date."""

from itertools import groupby
from typing import Any

from bot.domain.event import Event
from bot.domain.message import Drawing, Say
from bot.domain.selfcheck import Result
from bot.domain.turn import State, Turn
from bot.flows.callback_data import TAKE
from bot.flows.context import Parts
from bot.flows.selfcheck import chart
from bot.flows.selfcheck import result as selfcheck_result
from bot.flows.selfcheck.questionnaire import level_of, questions
from knowledge.parsing.summary import core
from knowledge.records.entry import Entry, Layer
from knowledge.records.intro import Step, steps_in
from prompts.dates import dated
from prompts.render import label, render

PDF = f"{TAKE}pdf"


def page(parts: Parts, state: State, event: Event) -> Turn:
    """The page as a document; says how to fill it where nothing was read or told yet."""
    lang = parts.lang(state, event)
    read = visited(parts, state, lang)
    kept = parts.store.checks(event.user_id)
    if not read and not kept:
        return parts.say(state, event, "takeaway_empty")
    html = render("takeaway", lang, steps=len(read), check=bool(kept))
    return Turn(state, (Say(html, drawing=Drawing("takeaway", _values(parts, lang, read, kept), document=True)),))


def visited(parts: Parts, state: State, lang: str) -> list[Step]:
    """The steps of the introduction that the person was shown."""
    return [step for number, step in enumerate(steps_in(parts.steps, lang), 1) if number in state.read]


def _values(parts: Parts, lang: str, read: list[Step], kept: list[Result]) -> dict[str, Any]:
    date = dated(parts.now(), lang)
    contact = parts.contact
    further = [f"{contact.name} ({contact.role}): {contact.phone}, {contact.email}", label("pdf_bot", lang)]
    return {
        "lang": lang[:2],
        "title": label("pdf_title", lang),
        "author": label("pdf_author", lang),
        "description": label("pdf_description", lang, date=date),
        "subtitle": label("pdf_subtitle", lang, date=date),
        "notice": label("pdf_notice", lang),
        "read": label("pdf_read", lang),
        "steps": [_step(parts, step, lang) for step in read],
        "sources": _read_sources(parts, read, lang),
        "check": _check(parts, lang, kept) if kept else None,
        "empty": "" if read and kept else label("pdf_no_check" if read else "pdf_no_steps", lang),
        "further": {"heading": label("pdf_further", lang), "items": further},
    }


def _step(parts: Parts, step: Step, lang: str) -> dict[str, Any]:
    entry = _entry(parts, step, lang)
    literature = entry is not None and entry.layer is Layer.LITERATURE
    mark = label("pdf_literature", lang) if literature else ""
    short = core(step.body)
    return {"title": f"{step.number}  {step.title}", "text": short.text, "items": short.items, "mark": mark}


def _read_sources(parts: Parts, read: list[Step], lang: str) -> str:
    """Each source once, with the numbers of the steps that it stands behind."""
    numbers: dict[str, list[int]] = {}
    for step in read:
        if entry := _entry(parts, step, lang):
            numbers.setdefault(entry.source, []).append(step.number)
    sources = "; ".join(f"{source} ({_ranges(steps)})" for source, steps in numbers.items())
    return label("pdf_source", lang, sources=sources) if sources else ""


def _ranges(numbers: list[int]) -> str:
    """Numbers in order, those that follow one another as a range."""
    runs = [list(run) for _, run in groupby(numbers, key=lambda number: number - numbers.index(number))]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def _entry(parts: Parts, step: Step, lang: str) -> Entry | None:
    """The entry that a step is made from: the first that it names."""
    return parts.answerer.entry(step.entries[0], lang) if step.entries else None


def _check(parts: Parts, lang: str, kept: list[Result]) -> dict[str, Any] | None:
    asked = questions(parts, lang)
    if asked is None:
        return None
    result, before = kept[0], kept[1] if len(kept) > 1 else None
    words = selfcheck_result.told(asked, result.answers)
    past = (before.answers, dated(before.created, lang)) if before else (None, "")
    lines = [f"{one.name}: {level_of(result.answers, one.id, lang)}" for one in asked.questions]
    return {
        "heading": label("pdf_check", lang, date=dated(result.created, lang)),
        "words": f"{asked.title} {label(f'verdict_{words.verdict}', lang)}",
        "alt": label("pdf_alt", lang, answers="; ".join(lines)),
        "chart": chart.own(asked, lang, result.answers, "", *past),
        "strengths": {"title": label("pdf_strengths", lang), "items": words.strengths},
        "gaps": {"title": label("pdf_gaps", lang), "items": words.gaps},
        "caution": label("check_caution", lang) + " " + _sources(asked.groups, lang),
    }


def _sources(groups: Any, lang: str) -> str:
    named = dict.fromkeys(group.source for group in groups)
    return label("pdf_sources", lang, sources="; ".join(named))
