"""`gwbot requests` and `feedback`: requests for advice, ratings of answers, questions stored with consent."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from bot.cli.options import chosen_settings, open_store
from bot.cli.terminal import WholeHelpGroup, describe_count
from bot.domain.effects import FLAWS
from bot.errors import GwError
from bot.log import escape_control_chars, json_line


@click.group(cls=WholeHelpGroup)
def requests() -> None:
    """List, show and export requests for advice."""


@requests.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Include closed requests.")
def list_requests(everything: bool) -> None:
    """List open requests, oldest first."""
    from prompts.dates import to_local_time

    with open_store(chosen_settings()) as store:
        listed = store.requests.all_requests() if everything else store.requests.active_requests()
    for request in listed:
        first_line = escape_control_chars(request.details.concern.partition("\n")[0][:60], "")
        created = to_local_time(request.created).isoformat(" ", "minutes")
        click.echo(f"{request.reference}  {created}  {request.status:6}  {first_line}")
    if not listed:
        click.echo("No requests.", err=True)


@requests.command()
@click.argument("reference")
def show(reference: str) -> None:
    """Show one request in full."""
    with open_store(chosen_settings()) as store:
        request = store.requests.find_request(reference)
    if request is None:
        raise GwError(f"There is no request {reference}. List all: gwbot requests list --all")
    for field, value in _flatten_values(asdict(request)):
        click.echo(f"{field:20} {escape_control_chars(str(value), '')}")


def _flatten_values(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flatten_values(value, f"{prefix}{name}.")
        elif value not in ("", 0, None):
            yield f"{prefix}{name}", value


@requests.command()
def export() -> None:
    """Write all requests to standard output as JSON lines."""
    with open_store(chosen_settings()) as store:
        for request in store.requests.all_requests():
            click.echo(json_line(asdict(request)))


@click.command()
@click.option("--questions", is_flag=True, help="List the questions stored with consent, without names.")
def feedback(questions: bool) -> None:
    """Count thumbs by answer, with what was wrong; with --questions, list the questions stored with consent."""
    with open_store(chosen_settings()) as store:
        consented_questions, thumbs = store.users.consented_questions(), store.users.feedback_counts()
        flaws = store.users.flaw_counts()
    if questions:
        for question, entry, created in consented_questions:
            day = datetime.fromtimestamp(created, UTC).date()
            click.echo(f"{day}  {entry}  {' '.join(question.split())}")
        return
    for entry, up, down in thumbs:
        named = sorted(flaws.get(entry, {}).items(), key=lambda item: (-item[1], FLAWS.index(item[0])))
        reasons = ", ".join(f"{flaw} {times}" for flaw, times in named)
        click.echo(f"{up:5} 👍 {down:5} 👎  {entry}{f'  ({reasons})' if reasons else ''}")
    consented = describe_count(len(consented_questions), "question is", "questions are")
    click.echo(f"{consented} stored with consent: gwbot feedback --questions", err=True)


COMMANDS = (requests, feedback)
