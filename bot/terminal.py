"""The bot in the terminal: the same conversation, with numbers for buttons."""

import itertools
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click

from bot.app import make_dialogue, open_index
from bot.model import Button, Card, Change, Event, Kind, Message, Say, State, Toast
from bot.settings import Settings
from bot.store import SqliteStore
from prompts.telegram_html import to_plain

PERSON = 1


def converse(settings: Settings) -> None:
    """Talk until the end of input. Nothing of it is kept."""
    live = open_index(settings)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "chat.db", time.time)
        dialogue = make_dialogue(settings, live, store)
        state, buttons = State(), list[Button]()
        events = itertools.count(1)
        line = "/start"
        while True:
            event = _event(line, next(events), buttons)
            turn = dialogue.handle(state, event)
            state = turn.state
            store.add_updates([(event.update_id, "1", "{}")])
            store.finish(event.update_id, event, state, (), turn.effects)
            buttons = _show(turn.messages) or buttons
            try:
                line = input("\n> " if sys.stdin.isatty() else "").strip()
            except EOFError:
                click.echo()
                break
        store.close()


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
            case Say(chat_id=None) | Change():
                click.echo("\n" + to_plain(message.html))
                buttons = [button for row in message.keyboard for button in row]
            case Card(name, phone, email, _):
                click.echo(f"\n[{name}, {phone}, {email}]")
            case Toast(text) if text:
                click.echo(f"({text})")
            case _:
                continue
    if buttons:
        click.echo()
    for number, button in enumerate(buttons, start=1):
        click.echo(f"  [{number}] {button.label}")
    return buttons
