"""`gwbot model` and `index`: prepare and adapt the models, build the index."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.options import chosen_settings, index_option, knowledge_option
from bot.cli.terminal import WholeHelpGroup, describe_count, showing_progress
from bot.settings import Settings

if TYPE_CHECKING:  # `gwbot --help` must not load the index
    from index.storage.manifest import Manifest


@click.group(cls=WholeHelpGroup)
def model() -> None:
    """Prepare the encoder and an optional cross-encoder."""


@model.command()
@click.argument("name", default="bundled")
@click.option("--cross-encoder", is_flag=True, help="NAME is a cross-encoder for re-ranking; see GW_CROSS_ENCODER.")
@click.option("--plain", is_flag=True, help="Leave out what fits the bundled encoder to the built-in knowledge.")
def prepare(name: str, cross_encoder: bool, plain: bool) -> None:
    """Export the encoder NAME: 'bundled' (the default), a folder, or a hub name."""
    settings, echo_error = chosen_settings(), partial(click.echo, err=True)
    if plain and (cross_encoder or name != "bundled"):
        raise click.UsageError("--plain is about the bundled encoder, so it goes with no other NAME.")
    if cross_encoder:
        from index.export.from_torch.cross_encoder_export import export_cross_encoder

        if name == "bundled":
            raise click.UsageError("No cross-encoder is bundled. Give a folder or a hub name.")
        folder = export_cross_encoder(name, settings.cross_encoder_dir, echo_error)
        click.echo(f"The cross-encoder is ready in {folder}. Measure it: gwbot eval --against cross-encoder")
        click.echo("Then set GW_CROSS_ENCODER=true")
        return
    from bot.app.preparation import claim_preparation

    with claim_preparation(settings, echo_error):
        if name == "bundled":
            from index.export.adapter import ADAPTER_FILE
            from index.export.bundled_encoder import prepare_bundled_encoder

            echo_error("Preparing the encoder, about 15 seconds …")
            adapter = None if plain else ADAPTER_FILE
            folder = prepare_bundled_encoder(settings.encoder_dir, echo_error, adapter=adapter)
        else:
            from index.export.from_torch.encoder_export import export_encoder

            folder = export_encoder(name, settings.encoder_dir, echo_error)
    click.echo(f"The encoder is ready in {folder}. Next: gwbot index build")


@model.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the adapter here instead of replacing the one in use.",
)
@click.option("--steps", type=click.IntRange(min=1), help="Batches to train on, instead of as many as usual.")
def adapt(out: Path | None, steps: int | None) -> None:
    """Fit the bundled encoder to the knowledge base: half an hour on two cores. Needs the extra `train`.

    Then run: gwbot model prepare, gwbot index build, gwbot calibrate
    """
    from index.evaluation.dataset import LABELLED_QUESTIONS, read_labelled_questions
    from index.export.adapter import ADAPTER_FILE
    from index.training.command import adapt_bundled_encoder
    from knowledge.loader import BUILT_IN, load_knowledge

    settings = chosen_settings()
    knowledge = load_knowledge(settings.knowledge_dir or BUILT_IN, settings.language)
    labelled = read_labelled_questions(LABELLED_QUESTIONS)
    questions = [(item.question, item.entries) for item in labelled if item.is_answerable and not item.history]
    echo_error = partial(click.echo, err=True)
    folder = adapt_bundled_encoder(knowledge, questions, out or ADAPTER_FILE.parent, steps, echo_error)
    click.echo(f"The adapter is in {folder}. Next: gwbot model prepare")


@click.group(cls=WholeHelpGroup)
def index() -> None:
    """Build, inspect and verify the index."""


@index.command()
@knowledge_option
@click.option(
    "--out", "root", type=click.Path(path_type=Path), help="Index folder to write instead of the configured one."
)
def build(named_folder: Path | None, root: Path | None) -> None:
    """Build the index; only new or changed texts are embedded."""
    click.echo(build_index(chosen_settings(), named_folder, root))


def build_index(settings: Settings, folder: Path | None = None, root: Path | None = None) -> str:
    """Build the index and return a summary.

    Args:
        folder: knowledge folder; default: that of the settings.
        root: index folder; default: that of the settings.
    """
    from bot.app import preparation

    with showing_progress("texts") as progress:
        result = preparation.build_index(settings, progress, folder, root)
    embedded = describe_count(result.embedded_count, "text", "texts")
    return f"{describe_size(result.manifest)}; {embedded} embedded anew.\nIn use: {result.version}"


def describe_size(manifest: "Manifest") -> str:
    """Return how much an index holds: "1 entry, 12 passages"."""
    entries = describe_count(manifest.entries, "entry", "entries")
    return f"{entries}, {describe_count(manifest.passages, 'passage', 'passages')}"


@index.command()
@index_option
def status(root: Path | None) -> None:
    """Show what is indexed, and with which model."""
    from bot.app.index_loader import make_index_backend

    backend = make_index_backend(chosen_settings(), root)
    manifest = backend.read_manifest()
    click.echo(f"In use      {backend.current_version()}")
    click.echo(f"Entries     {manifest.entries} in {', '.join(manifest.languages)}; {manifest.passages} passages")
    click.echo(f"Encoder     {manifest.encoder}, {manifest.dimension} dimensions")
    click.echo(f"Content     {manifest.content_digest[:16]}")
    click.echo(f"Decision    {manifest.calibration['origin']}")


@index.command()
@index_option
def verify(root: Path | None) -> None:
    """Check the index files against their checksums, and the index against the encoder."""
    from bot.app.index_loader import make_index_backend
    from index.encoder.encoder import OnnxEncoder

    settings = chosen_settings()
    backend = make_index_backend(settings, root)
    reader = backend.open_reader(OnnxEncoder.load(settings.encoder_dir))
    click.echo(f"{reader.version}: {backend.verify_version(reader)}.")


COMMANDS = (index, model)
