"""`gwbot eval` and `gwbot calibrate`: how right the bot is, and what it decides by."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from bot.errors import GwError
from bot.settings import load_settings

QUESTIONS = Path(__file__).parents[2] / "tests" / "data" / "questions.jsonl"
_QUESTIONS = click.option(
    "--questions",
    "path",
    default=QUESTIONS,
    type=click.Path(path_type=Path),
    help="Another file of labelled questions.",
)
_ROOT = click.option("--index", "root", type=click.Path(path_type=Path), help="Another index folder.")


@click.command(name="eval")
@_QUESTIONS
@_ROOT
@click.option("--cases", is_flag=True, help="List every question whose outcome is not right.")
def evaluate(path: Path, root: Path | None, cases: bool) -> None:
    """Figures on the labelled questions, by kind and language."""
    from bot.app import open_index
    from index.evaluate import judge, table
    from index.labelled import read_labelled

    judged = judge(read_labelled(_existing(path)), open_index(load_settings(), root).searcher())
    click.echo(f"{'':28}{'n':>5}{'right':>8}{'answered':>10}{'wrong':>8}{'refused':>9}")
    for row in table(judged):
        shares = f"{row.right:8.1%}{row.answered:10.1%}{row.wrong:8.1%}{row.refused:9.1%}"
        click.echo(f"{row.slice:28}{row.count:5}{shares}")
    for one in judged if cases else ():
        if not one.right:
            click.echo(
                f"{one.item.id} [{one.item.kind}] {one.item.question!r}\n    {one.item.entries} <- {one.outcome}"
            )


@click.command()
@_QUESTIONS
def calibrate(path: Path) -> None:
    """Fit the decision on the labelled questions; writes index/calibration.json. Then: gwbot index build"""
    from index.build import build
    from index.calibrate import bare, fit, sample
    from index.decision import unfitted
    from index.encoder import OnnxEncoder
    from index.labelled import read_labelled
    from index.opened import open_index
    from index.search import Searcher
    from knowledge.folder import HOUSE, load

    items = read_labelled(_existing(path))
    encoder = OnnxEncoder.load(load_settings().encoder_dir)
    knowledge = load(HOUSE)
    fitted = {}
    for name, content in (("house", knowledge), ("foreign", bare(knowledge))):
        with tempfile.TemporaryDirectory() as folder:
            build(content, encoder, unfitted(), Path(folder))
            searcher = Searcher(open_index(Path(folder), encoder), encoder)
            samples = [found for item in items if (found := sample(item, searcher))]
        calibration, error = fit(samples, f"{len(samples)} labelled questions, {name} content")
        fitted[name] = asdict(calibration)
        limits = f"answer from {calibration.answer_from}, offer from {calibration.clarify_from}"
        click.echo(f"{name}: {limits}; expected calibration error on topics left out {error:.3f}")
    target = Path(__file__).parents[2] / "index" / "calibration.json"
    target.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise GwError(f"There is no file {path} with labelled questions.")
    return path


COMMANDS = (evaluate, calibrate)
