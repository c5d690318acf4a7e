"""A chat with the bot in the terminal: the same conversation, with numbers for buttons."""

import itertools
import sys
import time
from collections import deque

import click

from bot.app.bootstrap import BotRuntime, make_dialogue
from bot.app.index_loader import open_index
from bot.app.replay import make_tap, parse_typed_line, take_turn
from bot.cli.options import open_store
from bot.domain.event import Event
from bot.domain.message import (
    AnswerCallback,
    Button,
    EditKeyboard,
    EditMessage,
    Keyboard,
    Message,
    SendContact,
    SendMessage,
)
from bot.domain.turn import State
from bot.flows.dialogue import Dialogue
from bot.log import escape_control_chars
from bot.settings import Settings
from bot.store import Store
from index.search.live_index import LiveIndex
from prompts.telegram_html import html_to_plain

ShownButton = tuple[Button, Keyboard]  # a button, and all those of its message


class Notices:
    """What a person at the terminal should know; at a prompt it waits until the next line is typed."""

    def __init__(self, at_prompt: bool) -> None:
        self._at_prompt = at_prompt
        self._waiting: deque[str] = deque()

    def say(self, text: str) -> None:
        """Write a line on standard error, or keep it for `print_waiting` rather than write over a prompt."""
        self._waiting.append(text)
        if not self._at_prompt:
            self.print_waiting()

    def print_waiting(self) -> None:
        """Write all lines that wait, on standard error."""
        while self._waiting:
            click.echo(escape_control_chars(self._waiting.popleft()), err=True)


def run_chat(settings: Settings, live: LiveIndex | None = None, notices: Notices | None = None) -> bool:
    """Chat until the end of input; return whether there was any. Requests are stored as usual."""
    notices = notices or Notices(at_prompt=True)
    with open_store(settings) as store:
        dialogue = make_dialogue(BotRuntime(settings, live or open_index(settings), store))
        return _run_conversation(dialogue, store, notices)


def _run_conversation(dialogue: Dialogue, store: Store, notices: Notices) -> bool:
    state, buttons = State(), list[ShownButton]()
    line, has_input = "/start", False
    for update_id in itertools.count(-time.time_ns()):  # negative, unlike Telegram's update ids
        turn = take_turn(dialogue, store, state, _parse_line(line, update_id, buttons))
        state = turn.state
        buttons = _print_messages(turn.messages) or buttons
        notices.print_waiting()
        try:
            line = input("\n> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            click.echo()
            return has_input
        has_input = has_input or bool(line)
    return has_input


def _parse_line(line: str, update_id: int, buttons: list[ShownButton]) -> Event:
    if line.isdecimal() and 0 < int(line) <= len(buttons):
        button, keyboard = buttons[int(line) - 1]
        return make_tap(button, keyboard, update_id)
    return parse_typed_line(line, update_id)


def _print_messages(messages: tuple[Message, ...]) -> list[ShownButton]:
    buttons: list[ShownButton] = []
    for message in messages:
        match message:
            case SendMessage(chat_id=None, to_advisers=False) | EditMessage():
                if message.attachment and (alt := message.attachment.values.get("alt")):
                    click.echo(f"\n[{alt}]")
                click.echo("\n" + escape_control_chars(html_to_plain(message.html)))
                buttons += _print_buttons(message.keyboard, len(buttons) + 1)
            case EditKeyboard(keyboard, _):
                buttons += _print_buttons(keyboard, len(buttons) + 1)
            case SendContact(name, phone, email, _):
                click.echo(f"\n[{name}, {phone}, {email}]")
            case AnswerCallback(text) if text:
                click.echo(f"({text})")
            case _:
                continue
    return buttons


def _print_buttons(keyboard: Keyboard, first_number: int) -> list[ShownButton]:
    buttons = [button for row in keyboard for button in row if not button.url]
    if buttons:
        click.echo()
    for number, button in enumerate(buttons, start=first_number):
        click.echo(f"  [{number}] {escape_control_chars(button.label, '')}")
    return [(button, keyboard) for button in buttons]
