"""What is typed while a form is there: an answer, the words of a button, a question, a correction of any of these."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from bot.answering.language import OURS
from bot.domain.consultation import LONGEST, OPTIONAL, Ask, Details, Form, Reach, Typed
from bot.domain.contact_details import attempted, recognised
from bot.domain.event import Event
from bot.domain.message import Say
from bot.domain.turn import State, Turn
from bot.flows.callback_data import FORM
from bot.flows.consultation import form_buttons
from bot.flows.consultation.form import advanced, keyboard, shown
from bot.flows.context import Parts
from bot.flows.questions import ask as answer_question
from prompts.message_splitter import units
from prompts.render import label, render

CHOSEN = ("kind", "reach")  # actions of buttons between which to choose: each has words of its own, and a number
SPOKEN = (*CHOSEN, "send", "skip", "keep", "use", "back", "cancel")  # actions that have words besides their label
SPELLED = {"ae": "a", "oe": "o", "ue": "u"}  # an umlaut where there is no key for it


def text(parts: Parts, state: State, event: Event) -> Turn:
    """A text while the form waits: a button in words, what it asked for, or a question of the person's own."""
    form = state.form
    assert form is not None
    written = event.text.strip()
    if data := _chosen(form, written):
        if not data.startswith(("back", "cancel")):
            state = replace(state, form=_typed(form, event))
        turn = form_buttons.tapped(parts, state, event, data)
        assert turn is not None  # its button is shown
        return turn
    if _is_question(form.at, written):
        return _answered(parts, state, event)
    details, state = _read_details(form, written), replace(state, form=_typed(form, event))
    if details is None:
        return shown(parts, state, event, _wrong(form, written))
    return advanced(parts, state, event, details)


def edited(parts: Parts, state: State, event: Event) -> Turn | None:
    """A correction of what was typed into a form; None where the message belongs to none.

    A request that was sent stays as it was agreed to.
    """
    if state.sent and event.message_id in state.sent.message_ids and parts.store.request(state.sent.request):
        values = {"number": state.sent.request, "desk": parts.desk is not None, "contact": parts.contact}
        html = render("request_edited", parts.lang(state, event), **values)
        return Turn(state, (Say(html, request=state.sent.request),))
    form = state.form
    line = next((one.line for one in form.typed if one.message_id == event.message_id), None) if form else None
    if form is None or line is None:
        return None
    form = replace(form, paused=False)
    if line is form.at:
        return text(parts, replace(state, form=form), event)
    details = _corrected(replace(form, at=line), event.text.strip())
    if details is None:
        return shown(parts, replace(state, form=form), event, "form_not_edited")
    at = form.at if details.complete or form.at is Ask.REACH else Ask.ADDRESS
    return shown(parts, replace(state, form=replace(form, at=at, details=details)), event, "form_edited")


def options(form: Form) -> Iterator[tuple[str, str]]:
    """The words that stand for the buttons shown now, in all our languages, each with its button's data."""
    for lang in OURS:
        shown_now = {button.data.removeprefix(FORM): button.label for row in keyboard(form, lang) for button in row}
        choices = [data for data in shown_now if data.startswith(CHOSEN)]
        keeps = any(data.startswith("keep") for data in shown_now)
        for data, words in shown_now.items():
            number = (str(choices.index(data) + 1),) if data in choices else ()
            for one in (words, *_words(data, lang, keeps=keeps), *number):
                yield _plain(one), data


def _words(data: str, lang: str, *, keeps: bool) -> list[str]:
    """The words for a button besides its label. Where something can be kept, to skip is to leave that out."""
    action, _, value = data.partition(":")
    if action not in SPOKEN:
        return []
    name = f"{action}_{value}" if action in CHOSEN else "drop" if action == "skip" and keeps else action
    return label(f"typed_{name}", lang).split(", ")


def _chosen(form: Form, written: str) -> str | None:
    """The data of the button whose words a text holds, and nothing else; None where there is none."""
    plain = _plain(written)
    return next((data for words, data in options(form) if words == plain), None) if plain else None


def _plain(written: str) -> str:
    """Words as they are compared: letters and digits alone, whatever their case, accents and courtesies."""
    words = [word for word in _folded(written) if word not in _fillers()]
    return "".join(words or _folded(written))


def _folded(written: str) -> list[str]:
    bare = "".join(one for one in unicodedata.normalize("NFKD", written.casefold()) if not unicodedata.combining(one))
    for spelled, letter in SPELLED.items():
        bare = bare.replace(spelled, letter)
    return re.findall(r"[^\W_]+", bare)


@cache
def _fillers() -> frozenset[str]:
    return frozenset(word for lang in OURS for word in _folded(label("typed_fillers", lang)))


def _read_details(form: Form, written: str) -> Details | None:
    """The details with this text for what the form asks; None where it cannot be that."""
    match form.at:
        case Ask.KIND | Ask.REVIEW:
            return None
        case Ask.REACH | Ask.ADDRESS:
            found = recognised(written)
            return replace(form.details, reach=found[0], address=found[1]) if found else None
        case Ask.CONCERN:
            value = written
        case _:
            value = " ".join(written.split())  # one line, which cannot pass for the next one of the card
    return form.details.told(form.at, value) if units(value) <= LONGEST[form.at] else None


def _corrected(form: Form, written: str) -> Details | None:
    """The details with a corrected text for an earlier question; None where it cannot be its answer."""
    before = replace(form, details=form.details.told(form.at, "")) if form.at in OPTIONAL else form
    action, _, value = (_chosen(before, written) or "").partition(":")
    if action in (*CHOSEN, "skip"):
        return form.details.told(form.at, value if action in CHOSEN else "")
    return None if form.at is Ask.ADDRESS and form.details.reach is Reach.HERE else _read_details(form, written)


def _wrong(form: Form, written: str) -> str:
    """The label that says why a text is no answer."""
    if form.at in LONGEST:
        return "form_too_long"
    if form.at is Ask.ADDRESS:
        return f"form_wrong_{form.details.reach.value}"
    meant = attempted(written) if form.at is Ask.REACH else None
    return f"form_wrong_{meant.value}" if meant else "form_choose"


def _typed(form: Form, event: Event) -> Form:
    """The form that knows which message was typed for what it asks: the last one counts."""
    others = tuple(one for one in form.typed if one.line is not form.at)
    return replace(form, typed=(*others, Typed(form.at, event.message_id)))


def _answered(parts: Parts, state: State, event: Event) -> Turn:
    """A question in the middle is answered, and the form asks once more."""
    answer = answer_question(parts, state, event)
    again = shown(parts, answer.state, event)
    return Turn(again.state, (*answer.messages, *again.messages), answer.effects, answer.decided)


def _is_question(at: Ask, written: str) -> bool:
    """Whether a text is a question to the bot: a concern may well be put as one, a place or a name is not.

    Where buttons are to be tapped, a sentence is one even without its mark, as people type on a phone.
    """
    words = [word for word in written.split() if any(map(str.isalpha, word))]
    if at in (Ask.CONCERN, Ask.TIMES) or len(words) < 3 or recognised(written):
        return False
    return "?" in written or at in (Ask.KIND, Ask.REACH, Ask.REVIEW)
