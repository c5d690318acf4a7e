"""`gwbot model`: prepare models for serving."""

import click

from bot.cli.options import chosen_settings


@click.group()
def model() -> None:
    """Prepare the encoder and an optional cross-encoder."""


@model.command()
@click.argument("name", default="bundled")
@click.option("--cross-encoder", is_flag=True, help="NAME is a cross-encoder for re-ranking; see GW_CROSS_ENCODER.")
def prepare(name: str, cross_encoder: bool) -> None:
    """Export the encoder NAME: 'bundled' (the default), a folder, or a hub name."""
    settings = chosen_settings()
    if cross_encoder:
        from index.export.cross_encoder_export import export_cross_encoder

        if name == "bundled":
            raise click.UsageError("No cross-encoder is bundled. Give a folder or a hub name.")
        folder = export_cross_encoder(name, settings.cross_encoder_dir, _echo_message)
        click.echo(f"The cross-encoder is ready in {folder}. Measure it: gwbot eval --against cross-encoder")
        click.echo("Then set GW_CROSS_ENCODER=true")
        return
    from index.export.encoder_export import export_encoder

    folder = export_encoder(name, settings.encoder_dir, _echo_message)
    click.echo(f"The encoder is ready in {folder}. Next: gwbot index build")


def _echo_message(message: str) -> None:
    click.echo(message, err=True)


COMMANDS = (model,)
