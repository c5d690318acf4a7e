"""`gwbot model`: prepare an encoder for serving."""

import click

from bot.settings import load_settings


@click.group()
def model() -> None:
    """The encoder."""


@model.command()
@click.argument("name", default="bundled")
def prepare(name: str) -> None:
    """Export the encoder NAME: 'bundled' (the default), a folder, or a hub name."""
    from index.export import prepare as prepare_encoder

    folder = prepare_encoder(name, load_settings().encoder_dir, lambda message: click.echo(message, err=True))
    click.echo(f"The encoder is ready in {folder}. Next: gwbot index build")


COMMANDS = (model,)
