"""Write and read a report folder: report.md to read, report.json to compare with, and plots."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.evaluation.comparison import Comparison
from index.evaluation.dataset import LabelledQuestion
from index.evaluation.metrics import compute_metrics, group_by_kind, metrics_by_slice, splits
from index.evaluation.retrieval_benchmark import RetrievalScore
from index.evaluation.run import EvaluatedQuestion, FeatureContribution
from knowledge.errors import GwError

REPORT_FILE = "report.json"
FORMAT_VERSION = 2
OPENINGS_LOG = Path(__file__).with_name("sealed.log")


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """What was evaluated: time (UTC), question file, index, and decision."""

    made: str
    questions: str
    encoder: str
    content: str
    fitted_on: str
    answer_from: float
    offer_from: float


def write_report_json(
    folder: Path, header: ReportHeader, evaluated: Sequence[EvaluatedQuestion], comparisons: Sequence[Comparison]
) -> None:
    """Write the metrics and every question's outcome into a report folder."""
    _write_rounded(
        folder / REPORT_FILE,
        {
            "format": FORMAT_VERSION,
            "head": asdict(header),
            "parts": {name: asdict(compute_metrics(group)) for name, group in splits(evaluated).items()},
            "comparisons": [_comparison_to_json(item) for item in comparisons],
            "questions": [asdict(item) for item in evaluated],
        },
    )


def write_retrieval_json(folder: Path, scores: Sequence[RetrievalScore]) -> None:
    """Write the scores of a retrieval benchmark into a report folder."""
    data = {"format": FORMAT_VERSION, "scores": [asdict(score) for score in scores]}
    _write_rounded(folder / "retrieval.json", data)


def read_evaluated_questions(folder: Path) -> list[EvaluatedQuestion]:
    """Read every question's outcome from a report folder; raises GwError if there is no usable report."""
    path = folder / REPORT_FILE
    if not path.is_file():
        raise GwError(f"There is no report in {folder}: {REPORT_FILE} is missing.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT_VERSION:
            raise GwError(f"{path} has format {data['format']}; this program compares format {FORMAT_VERSION}.")
        return [_parse_question(item) for item in data["questions"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GwError(f"{path} is damaged or not a report of this program. Name another with --compare.") from None


def record_opening(header: ReportHeader, evaluated: Sequence[EvaluatedQuestion], log: Path = OPENINGS_LOG) -> Path:
    """Append a line to the record of the times that the sealed questions were evaluated, and return its path.

    Who chooses by their result no longer measures with them, so it must be known how often they were used.

    Raises:
        GwError: the record cannot be written, as in an installed package.
    """
    shares = (f"{row.slice} {row.right.value:.1%}" for row in metrics_by_slice(group_by_kind(evaluated)))
    try:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{header.made}\t{header.encoder}\t{header.content[:12]}\t{', '.join(shares)}\n")
    except OSError as error:
        raise GwError(f"The use cannot be recorded in {log} ({error.strerror}). Use a checkout.") from None
    return log


def find_newest_report(reports: Path, excluded: Path) -> Path | None:
    """Return the newest report folder by name, except ``excluded``; None if there is none."""
    folders = (path.parent for path in reports.glob(f"*/{REPORT_FILE}"))
    others = (folder for folder in folders if folder.resolve() != excluded.resolve())
    return max(others, key=lambda folder: folder.name, default=None)


def _write_rounded(path: Path, data: Mapping[str, Any]) -> None:
    rounded = json.loads(json.dumps(data), parse_float=lambda text: round(float(text), 4))
    path.write_text(json.dumps(rounded, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", errors="replace")


def _comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison with only the ids of the questions that changed."""
    turned = {
        name: [pair[1].item.id for pair in pairs]
        for name, pairs in (("turned_right", comparison.turned_right), ("turned_wrong", comparison.turned_wrong))
    }
    return {**asdict(comparison), **turned}


def _parse_question(data: dict[str, Any]) -> EvaluatedQuestion:
    tuples = {key: tuple(data["item"].get(key, ())) for key in ("entries", "history")}
    item = {**data["item"], **tuples}
    reasons = tuple(FeatureContribution(**reason) for reason in data["reasons"])
    parsed = {"item": LabelledQuestion(**item), "shown": tuple(data["shown"]), "reasons": reasons}
    text_shown = {"text_shown": data["status"] == "answered"}  # not in older reports
    return EvaluatedQuestion(**{**text_shown, **data, **parsed})
