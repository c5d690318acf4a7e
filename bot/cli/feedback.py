"""`gwbot feedback`: how answers were liked, and the questions that people let be kept."""

from datetime import UTC, datetime

import click

from bot.cli.options import chosen_settings


@click.command()
@click.option("--questions", is_flag=True, help="The questions kept with consent, without names.")
def feedback(questions: bool) -> None:
    """Thumbs per answer; with --questions what people let be kept to improve answers."""
    from bot.app.bootstrap import open_store_from_settings

    store = open_store_from_settings(chosen_settings())
    kept_questions, thumbs = store.users.consented_questions(), store.users.feedback_counts()
    store.close()
    if questions:
        for question, entry, created in kept_questions:
            day = datetime.fromtimestamp(created, UTC).date()
            click.echo(f"{day}  {entry}  {' '.join(question.split())}")
        return
    for entry, up, down in thumbs:
        click.echo(f"{up:5} 👍 {down:5} 👎  {entry}")
    click.echo(f"{len(kept_questions)} questions are kept with consent: gwbot feedback --questions", err=True)


COMMANDS = (feedback,)
