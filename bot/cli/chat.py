"""The bot in the terminal: the same conversation, with numbers for buttons."""

import itertools
import sys
import time
from contextlib import closing
from dataclasses import replace

import click

from bot.app.bootstrap import make_dialogue, open_store
from bot.app.index_loader import open_index
from bot.domain.event import Event, Kind
from bot.domain.message import Button, Card, Change, Message, Post, Say, Toast, Update
from bot.domain.turn import State
from bot.flows.dialogue import Dialogue
from bot.pipeline.api_calls import to_calls
from bot.printable import printable
from bot.settings import Settings
from bot.store import Store
from index.search.live_index import LiveIndex
from prompts.telegram_html import to_plain

PERSON = 0  # no chat of Telegram has this number


def converse(settings: Settings, live: LiveIndex | None = None) -> bool:
    """Talk until the end of input; whether anything was said. A request is kept in the store like any other."""
    with closing(open_store(settings)) as store:
        return _talk(make_dialogue(settings, live or open_index(settings), store), store)


def _talk(dialogue: Dialogue, store: Store) -> bool:
    state, buttons = State(), list[Button]()
    line, said = "/start", False
    for number in itertools.count(-time.time_ns()):  # below zero, where Telegram has no update
        event = _event(line, number, buttons)
        turn = dialogue.handle(state, event)
        state = turn.state
        store.add_updates([(number, str(PERSON), "{}")])
        store.finish(number, event, state, to_calls(_for_others(turn.messages), event, dialogue.desk), turn.effects)
        buttons = _show(turn.messages) or buttons
        try:
            line = input("\n> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            click.echo()
            return said
        said = said or bool(line)
    return said


def _for_others(messages: tuple[Message, ...]) -> list[Message]:
    return [message for message in messages if isinstance(message, Update | Post)]


def _event(line: str, number: int, buttons: list[Button]) -> Event:
    event = Event(number, Kind.TEXT, PERSON, PERSON, number, text=line)
    if line.isdecimal() and 0 < int(line) <= len(buttons):
        return replace(event, kind=Kind.BUTTON, text=buttons[int(line) - 1].data, callback_id=str(number))
    name, _, rest = line.removeprefix("/").partition(" ")
    if line.startswith("/"):
        return replace(event, kind=Kind.COMMAND, command=name, text=rest)
    return event


def _show(messages: tuple[Message, ...]) -> list[Button]:
    buttons: list[Button] = []
    for message in messages:
        match message:
            case Say(chat_id=None, desk=False) | Change():
                if message.drawing and (alt := message.drawing.values.get("alt")):
                    click.echo(f"\n[{alt}]")
                click.echo("\n" + printable(to_plain(message.html)))
                every = [button for row in message.keyboard for button in row]
                fresh = [button for button in every if not button.url]
                if fresh:
                    click.echo()
                for number, button in enumerate(fresh, start=len(buttons) + 1):
                    click.echo(f"  [{number}] {printable(button.label, '')}")
                buttons += fresh
            case Card(name, phone, email, _):
                click.echo(f"\n[{name}, {phone}, {email}]")
            case Toast(text) if text:
                click.echo(f"({text})")
            case _:
                continue
    return buttons
