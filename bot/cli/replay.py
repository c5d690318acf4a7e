"""`gwbot replay`: have a kept conversation again, and see what differs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.options import chosen_settings, index_option
from bot.log import escape_control_chars

if TYPE_CHECKING:
    from bot.app.replay import ReplayTurn
    from bot.domain.turn import Turn


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@index_option
@click.option("--show", is_flag=True, help="Print the whole conversation.")
def replay(files: tuple[Path, ...], root: Path | None, show: bool) -> None:
    """Replay the conversations in each FILE, and print what the bot decides otherwise than expected.

    The sandbox's page keeps conversations in this format; docs/redaktion.md describes it. Exit code 1 if one differs.
    """
    from bot.app.index_loader import open_index
    from bot.app.replay import read_replay, replay_conversation, shown_messages
    from prompts.telegram_html import html_to_plain

    def print_turn(expected: "ReplayTurn", turn: "Turn") -> None:
        if show:
            click.echo(f"\n> {escape_control_chars(expected.act)}")
            for message in shown_messages(turn.messages):
                click.echo(f"\n{escape_control_chars(html_to_plain(message.html))}")

    replays = {path: read_replay(path) for path in files}
    settings = chosen_settings()
    live_index = open_index(settings, root)
    differing = 0
    for path, kept in replays.items():
        differences = replay_conversation(settings, live_index, kept, print_turn)
        differing += bool(differences)
        for difference in differences:
            click.echo(escape_control_chars(f"{path}, turn {difference.number}: {difference.act}"))
            for reason in difference.reasons:
                click.echo(escape_control_chars(f"    {reason}"))
        click.echo(f"{path}: {len(differences)} of {len(kept.turns)} turns differ.")
    click.get_current_context().exit(1 if differing else 0)


COMMANDS = (replay,)
