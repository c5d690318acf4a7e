"""`gwbot eval` and `gwbot calibrate`: how right the bot is, and what it decides by."""

import json
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
@_ROOT
@click.option(
    "--bare", type=click.Path(path_type=Path), help="An index of the same entries without example questions."
)
def calibrate(path: Path, root: Path | None, bare: Path | None) -> None:
    """Fit the decision on the labelled questions; writes index/calibration.json. Then: gwbot index build"""
    from bot.app import open_index
    from index.calibrate import fit, sample
    from index.labelled import read_labelled

    items = read_labelled(_existing(path))
    target = Path(__file__).parents[2] / "index" / "calibration.json"
    fitted = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    for name, folder in (("house", root), ("foreign", bare)):
        if name == "foreign" and bare is None:
            continue
        searcher = open_index(load_settings(), folder).searcher()
        samples = [found for item in items if (found := sample(item, searcher))]
        fitted[name] = asdict(fit(samples, f"{len(samples)} labelled questions ({name})"))
        click.echo(f"{name}: answer from {fitted[name]['answer_from']}, offer from {fitted[name]['clarify_from']}")
    target.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise GwError(f"There is no file {path} with labelled questions.")
    return path


COMMANDS = (evaluate, calibrate)
