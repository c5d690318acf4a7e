"""`gwbot index`: build, status, verify."""

from pathlib import Path

import click

from bot.commands.chosen import chosen_settings
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

    from index.build import build as build_index
    from index.decision import calibration_for
    from index.encoder import OnnxEncoder
    from knowledge.folder import HOUSE, load

    knowledge = load(folder or settings.knowledge_dir or HOUSE, settings.language, lazy=True)
    encoder = OnnxEncoder.load(settings.encoder_dir)
    with tqdm(unit=" texts", disable=None, leave=False) as bar:

        def progress(doing: str, done: int, total: int | None) -> None:
            bar.set_description_str(doing, refresh=False)
            bar.total = total
            bar.update(done - bar.n)

        calibration = calibration_for(labelled=bool(knowledge.intents))
        done = build_index(knowledge, encoder, calibration, root or settings.index_dir, progress)
    head = done.manifest
    said = f"{head.entries} entries, {head.passages} passages; {done.embedded} texts embedded anew."
    return f"{said}\nIn use: {done.folder}"


@index.command()
@_ROOT
def status(root: Path | None) -> None:
    """What is indexed, and with which model."""
    from index import manifest
    from index.opened import current

    folder = current(root or chosen_settings().index_dir)
    head = manifest.read(folder)
    click.echo(f"Folder      {folder}")
    click.echo(f"Entries     {head.entries} in {', '.join(head.languages)}; {head.passages} passages")
    click.echo(f"Encoder     {head.encoder}, {head.dimension} dimensions")
    click.echo(f"Content     {head.content_digest[:16]}")
    click.echo(f"Decision    {head.calibration['origin']}")


@index.command()
@_ROOT
def verify(root: Path | None) -> None:
    """Compare every file of the index with its hash, and the index with the encoder."""
    from bot.app import open_index
    from index import manifest

    opened = open_index(chosen_settings(), root).searcher().opened
    manifest.verify(opened.folder, opened.manifest)  # also what is read by builds only
    click.echo(f"{opened.folder}: all {len(opened.manifest.files)} files are as they were built.")


COMMANDS = (index,)
