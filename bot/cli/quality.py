"""`gwbot eval`: how right the bot is, and what changed since the last time."""

from pathlib import Path

import click

from bot.cli.options import chosen_settings
from bot.errors import GwError

QUESTIONS_FILE = Path(__file__).parents[2] / "tests" / "data" / "questions.jsonl"
_FOLDER_TYPE = click.Path(path_type=Path, file_okay=False)
questions_option = click.option(
    "--questions",
    "path",
    default=QUESTIONS_FILE,
    type=click.Path(path_type=Path),
    help="Another file of labelled questions.",
)


@click.command(name="eval")
@questions_option
@click.option("--index", "root", type=click.Path(path_type=Path), help="Another index folder.")
@click.option("--cases", is_flag=True, help="List every question whose outcome is not right.")
@click.option("--report", type=_FOLDER_TYPE, help="Write the report here instead of <data>/reports/<UTC time>.")
@click.option(
    "--compare", type=_FOLDER_TYPE, help="Compare with this report instead of the newest in <data>/reports."
)
@click.option("--against", metavar="NAME_OR_DIR", help="Ask another index, encoder or cross-encoder as well.")
@click.option(
    "--retrieval", type=_FOLDER_TYPE, help="Measure retrieval alone, on passages and questions in this folder."
)
def eval_command(
    path: Path,
    root: Path | None,
    cases: bool,
    report: Path | None,
    compare: Path | None,
    against: str | None,
    retrieval: Path | None,
) -> None:
    """Figures on the labelled questions, by kind and language; with a report."""
    from bot.cli import evaluation
    from index.evaluation.dataset import read_labelled_questions

    settings = chosen_settings()
    if retrieval:
        if root or cases or compare or against:
            raise click.UsageError("--retrieval goes with --report alone: it measures another collection.")
        evaluation.run_retrieval_benchmark(settings, retrieval, report)
        return
    items = read_labelled_questions(require_questions_file(path))
    if not items:
        raise GwError(f"The file {path} holds no labelled question.")
    evaluated = evaluation.run_evaluation(settings, items, path.name, root, report, compare, against)
    for question in evaluated if cases else ():
        if not question.right:
            click.echo(
                f"{question.item.id} [{question.item.kind}] {question.item.question!r}\n"
                f"    {question.item.entries} <- {question.outcome_text}"
            )


def require_questions_file(path: Path) -> Path:
    """The path of a file of labelled questions; raises GwError where there is none."""
    if not path.is_file():
        raise GwError(f"There is no file {path} with labelled questions.")
    return path


COMMANDS = (eval_command,)
