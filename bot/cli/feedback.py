"""`gwbot feedback`: how answers were rated, and the questions people allowed us to keep."""

from datetime import UTC, datetime

import click

from bot.cli.options import chosen_settings, open_store


@click.command()
@click.option("--questions", is_flag=True, help="List the questions kept with consent, without names.")
def feedback(questions: bool) -> None:
    """Count thumbs up and down by answer; with --questions, list the questions kept with consent."""
    with open_store(chosen_settings()) as store:
        kept_questions, thumbs = store.users.consented_questions(), store.users.feedback_counts()
    if questions:
        for question, entry, created in kept_questions:
            day = datetime.fromtimestamp(created, UTC).date()
            click.echo(f"{day}  {entry}  {' '.join(question.split())}")
        return
    for entry, up, down in thumbs:
        click.echo(f"{up:5} 👍 {down:5} 👎  {entry}")
    click.echo(f"{len(kept_questions)} questions are kept with consent: gwbot feedback --questions", err=True)


COMMANDS = (feedback,)
