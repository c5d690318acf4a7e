"""`gwbot index`: build, status, verify."""

from pathlib import Path

import click

from bot.cli.options import chosen_settings
from bot.settings import Settings

_ROOT = click.option("--index", "root", type=click.Path(path_type=Path), help="Another index folder.")


@click.group()
def index() -> None:
    """Build and examine the index."""


@index.command()
@click.option("--knowledge", "folder", type=click.Path(path_type=Path), help="Another folder of Markdown files.")
@click.option("--out", "root", type=click.Path(path_type=Path), help="Another index folder.")
def build(folder: Path | None, root: Path | None) -> None:
    """Build the index; unchanged texts are not embedded again."""
    click.echo(built(chosen_settings(), folder, root))


def built(settings: Settings, folder: Path | None = None, root: Path | None = None) -> str:
    """Build the index of these settings, or of another folder, or at another place; says what came of it."""
    from tqdm import tqdm

    from bot.app.index_loader import index_place
    from index.decision.calibration import calibration_for
    from index.encoder.encoder import OnnxEncoder
    from knowledge.loader import HOUSE, load

    knowledge = load(folder or settings.knowledge_dir or HOUSE, settings.language, lazy=True)
    encoder = OnnxEncoder.load(settings.encoder_dir)
    with tqdm(unit=" texts", disable=None, leave=False) as bar:

        def progress(doing: str, done: int, total: int | None) -> None:
            bar.set_description_str(doing, refresh=False)
            bar.total = total
            bar.update(done - bar.n)

        calibration = calibration_for(labelled=bool(knowledge.intents))
        done = index_place(settings, root).build(knowledge, encoder, calibration, progress)
    head = done.manifest
    said = f"{head.entries} entries, {head.passages} passages; {done.embedded} texts embedded anew."
    return f"{said}\nIn use: {done.version}"


@index.command()
@_ROOT
def status(root: Path | None) -> None:
    """What is indexed, and with which model."""
    from bot.app.index_loader import index_place

    place = index_place(chosen_settings(), root)
    head = place.head()
    click.echo(f"In use      {place.current()}")
    click.echo(f"Entries     {head.entries} in {', '.join(head.languages)}; {head.passages} passages")
    click.echo(f"Encoder     {head.encoder}, {head.dimension} dimensions")
    click.echo(f"Content     {head.content_digest[:16]}")
    click.echo(f"Decision    {head.calibration['origin']}")


@index.command()
@_ROOT
def verify(root: Path | None) -> None:
    """Compare all that the index consists of with what was built, and the index with the encoder."""
    from bot.app.index_loader import index_place
    from index.encoder.encoder import OnnxEncoder

    settings = chosen_settings()
    place = index_place(settings, root)
    opened = place.open(OnnxEncoder.load(settings.encoder_dir))
    click.echo(f"{opened.version}: {place.verify(opened)}.")


COMMANDS = (index,)
