"""What happens to a person's data: the notice, what is held, and its deletion after a second question."""

from typing import Any

from bot.domain.consultation import Status
from bot.domain.effects import Forget
from bot.domain.event import Event
from bot.domain.message import Button, Change, Drawing, Keyboard, Say, Toast
from bot.domain.turn import State, Turn
from bot.flows import feedback
from bot.flows.callback_data import DELETE, PAGE
from bot.flows.context import Parts
from prompts.dates import dated, local
from prompts.render import label, render

PLAIN = ("states", "checks", "shares", "feedback", "questions")


def notice(parts: Parts, state: State, event: Event) -> Turn:
    """The notice, short."""
    return Turn(state, (Say(_notice(parts, state, event, "privacy"), _keyboard(parts, state, event, "more")),))


def turned(parts: Parts, state: State, event: Event, rest: str) -> Turn | None:
    """A tap under the notice: the other page, the data, their deletion, or no more kept questions."""
    match rest:
        case "more" | "less":
            template, other = ("privacy_more", "less") if rest == "more" else ("privacy", "more")
            html = _notice(parts, state, event, template)
            return Turn(state, (Change(html, _keyboard(parts, state, event, other), message_id=event.message_id),))
        case "data":
            return held(parts, state, event)
        case "delete":
            return asked(parts, state, event)
        case "stop":
            return feedback.stopped(parts, state, event)
    return None


def held(parts: Parts, state: State, event: Event) -> Turn:
    """Everything held on the person: to be read, and to be taken along. Both are made when they are sent."""
    lang = parts.lang(state, event)
    values = {"person": event.user_id, "lang": lang, "now": parts.now()}
    page, data = (Drawing(kind, values, document=True) for kind in ("held_page", "held_json"))
    return Turn(state, (Say(render("mydata", lang), drawing=page), Say(render("mydata_json", lang), drawing=data)))


def asked(parts: Parts, state: State, event: Event) -> Turn:
    """The second question, with what would be deleted."""
    lang = parts.lang(state, event)
    row = tuple((Button(label(f"delete_{answer}", lang), f"{DELETE}{answer}"),) for answer in ("yes", "no"))
    return Turn(state, (Say(render("delete_confirm", lang, **_counted(parts, event)), row),))


def deleted(parts: Parts, state: State, event: Event, _: str) -> Turn:
    """Everything is deleted; the receipt says what, when, and what is out of reach."""
    lang, now = parts.lang(state, event), parts.now()
    counted = _counted(parts, event)
    moment = label("moment", lang, date=dated(now, lang), time=f"{local(now):%H:%M}")
    mailed = [one for one in counted["requests"] if parts.store.mailed(one)]
    html = render("deleted", lang, **counted, moment=moment, mailed=mailed, days=parts.retention_days)
    chosen = Change(label("delete_chosen", lang), message_id=event.message_id)
    return Turn(State(lang=state.lang), (chosen, Say(html), Toast()), (Forget(),))


def kept(parts: Parts, state: State, event: Event, _: str) -> Turn:
    """Nothing is deleted."""
    html = render("kept", parts.lang(state, event))
    return Turn(state, (Change(html, message_id=event.message_id),))


def _counted(parts: Parts, event: Event) -> dict[str, Any]:
    """What is held, for a sentence about each kind."""
    found = parts.store.person(event.user_id)
    requests = parts.store.requests_by(event.user_id)
    running = [one.reference for one in requests if one.status is not Status.CLOSED]
    advising = [row["reference"] for row in found.get("advised", ()) if row["status"] != Status.CLOSED]
    counts = {kind: len(found.get(kind, ())) for kind in PLAIN}
    return {
        "counts": counts,
        "requests": [one.reference for one in requests],
        "running": running,
        "advising": advising,
        "told": parts.desk is not None or parts.mail,
        "nothing": not any(counts.values()) and not requests,
    }


def _notice(parts: Parts, state: State, event: Event, template: str) -> str:
    values = {"operator": parts.operator, "contact": parts.contact, "days": parts.retention_days}
    return render(template, parts.lang(state, event), **values, mail=parts.mail, desk=parts.desk is not None)


def _keyboard(parts: Parts, state: State, event: Event, other: str) -> Keyboard:
    lang = parts.lang(state, event)
    first = tuple(Button(label(f"privacy_{name}", lang), f"{PAGE}{name}") for name in ("data", "delete"))
    stop = ((Button(label("privacy_stop", lang), f"{PAGE}stop"),),) if feedback.agreed(state) else ()
    return (first, (Button(label(f"privacy_{other}", lang), f"{PAGE}{other}"),), *stop)
