"""`gwbot index`: build, status, verify."""

from pathlib import Path

import click

from bot.cli.options import chosen_settings
from bot.settings import Settings

_INDEX_OPTION = click.option("--index", "root", type=click.Path(path_type=Path), help="Another index folder.")


@click.group()
def index() -> None:
    """Build and examine the index."""


@index.command()
@click.option("--knowledge", "folder", type=click.Path(path_type=Path), help="Another folder of Markdown files.")
@click.option("--out", "root", type=click.Path(path_type=Path), help="Another index folder.")
def build(folder: Path | None, root: Path | None) -> None:
    """Build the index; unchanged texts are not embedded again."""
    click.echo(build_index(chosen_settings(), folder, root))


def build_index(settings: Settings, folder: Path | None = None, root: Path | None = None) -> str:
    """Build the index of these settings, or of another folder, or at another place; says what came of it."""
    from tqdm import tqdm

    from bot.app.index_loader import make_index_backend
    from index.build.builder import IndexSource
    from index.decision.calibration import load_calibration
    from index.encoder.encoder import OnnxEncoder
    from knowledge.loader import BUILT_IN, load_knowledge

    knowledge = load_knowledge(folder or settings.knowledge_dir or BUILT_IN, settings.language, lazy=True)
    encoder = OnnxEncoder.load(settings.encoder_dir)
    with tqdm(unit=" texts", disable=None, leave=False) as bar:

        def report_progress(activity: str, result: int, total: int | None) -> None:
            bar.set_description_str(activity, refresh=False)
            bar.total = total
            bar.update(result - bar.n)

        calibration = load_calibration(with_examples=bool(knowledge.intents))
        result = make_index_backend(settings, root).build_version(
            IndexSource(knowledge, encoder, calibration), report_progress
        )
    manifest = result.manifest
    summary = (
        f"{manifest.entries} entries, {manifest.passages} passages; {result.embedded_count} texts embedded anew."
    )
    return f"{summary}\nIn use: {result.version}"


@index.command()
@_INDEX_OPTION
def status(root: Path | None) -> None:
    """What is indexed, and with which model."""
    from bot.app.index_loader import make_index_backend

    backend = make_index_backend(chosen_settings(), root)
    manifest = backend.read_manifest()
    click.echo(f"In use      {backend.current_version()}")
    click.echo(f"Entries     {manifest.entries} in {', '.join(manifest.languages)}; {manifest.passages} passages")
    click.echo(f"Encoder     {manifest.encoder}, {manifest.dimension} dimensions")
    click.echo(f"Content     {manifest.content_digest[:16]}")
    click.echo(f"Decision    {manifest.calibration['origin']}")


@index.command()
@_INDEX_OPTION
def verify(root: Path | None) -> None:
    """Compare all that the index consists of with what was built, and the index with the encoder."""
    from bot.app.index_loader import make_index_backend
    from index.encoder.encoder import OnnxEncoder

    settings = chosen_settings()
    backend = make_index_backend(settings, root)
    reader = backend.open_reader(OnnxEncoder.load(settings.encoder_dir))
    click.echo(f"{reader.version}: {backend.verify_version(reader)}.")


COMMANDS = (index,)
