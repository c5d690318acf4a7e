"""The menu of commands that Telegram shows beside the text field: as published for all, or of one chat."""

from bot.answering.language import base_language
from bot.domain.commands import ADVISER_COMMANDS, COMMANDS_BY_LANG
from bot.domain.message import ShowCommandMenu
from bot.flows.context import TurnContext
from prompts.render import format_label

CommandMenu = tuple[tuple[str, str], ...]  # each command with its description


def build_menu(lang: str, *, for_advisers: bool = False) -> CommandMenu:
    """Return the menu in a language; ``for_advisers`` adds the commands that only they may use."""
    names = COMMANDS_BY_LANG[base_language(lang)] + ADVISER_COMMANDS * for_advisers
    return tuple((name, format_label(f"command_{name}", lang)) for name in names)


def build_desk_menu() -> CommandMenu:
    """Return the menu of the advisers' group, who all read German."""
    descriptions = {name: format_label(f"command_{name}", "de") for name in ADVISER_COMMANDS}
    return (("hilfe", format_label("command_hilfe", "advisers")), *descriptions.items())


def show_chosen_menu(context: TurnContext) -> tuple[ShowCommandMenu, ...]:
    """Return what makes the menu follow the person's language; nothing in a group, whose menu is everybody's."""
    if not context.event.private:
        return ()
    return (ShowCommandMenu(build_menu(context.lang, for_advisers=_is_adviser_chat(context))),)


def restore_menu(context: TurnContext) -> tuple[ShowCommandMenu, ...]:
    """Return what gives a private chat the published menu again, because the person's choice is forgotten."""
    if not context.event.private:
        return ()
    is_adviser_chat = _is_adviser_chat(context)
    menu = build_menu(context.services.default_lang, for_advisers=True) if is_adviser_chat else ()
    return (ShowCommandMenu(menu),)


def _is_adviser_chat(context: TurnContext) -> bool:
    return context.event.chat_id == context.adviser_chat
