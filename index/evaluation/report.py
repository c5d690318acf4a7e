"""A report folder: report.md to read, report.json to compare with, and pictures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.evaluation.comparison import Comparison
from index.evaluation.dataset import Labelled
from index.evaluation.metrics import figures
from index.evaluation.retrieval_benchmark import Score
from index.evaluation.run import Judged, Reason
from index.evaluation.slices import parts
from knowledge.errors import GwError

NAME = "report.json"
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Head:
    """What was judged: the time (UTC), the questions' file, and the index with its decision."""

    made: str
    questions: str
    encoder: str
    content: str
    fitted_on: str
    answer_from: float
    offer_from: float


def write_json(folder: Path, head: Head, judged: Sequence[Judged], comparisons: Sequence[Comparison]) -> None:
    """Write the figures, and every question's outcome, into a report folder."""
    _write(
        folder / NAME,
        {
            "format": FORMAT,
            "head": asdict(head),
            "parts": {name: asdict(figures(found)) for name, found in parts(judged).items()},
            "comparisons": [_comparison(one) for one in comparisons],
            "questions": [asdict(one) for one in judged],
        },
    )


def write_retrieval(folder: Path, scores: Sequence[Score]) -> None:
    """Write the figures of retrieval alone into a report folder."""
    _write(folder / "retrieval.json", {"format": FORMAT, "scores": [asdict(score) for score in scores]})


def read_outcomes(folder: Path) -> list[Judged]:
    """Every question's outcome from a report folder; raises GwError where there is no usable report."""
    path = folder / NAME
    if not path.is_file():
        raise GwError(f"There is no report in {folder}: {NAME} is missing.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise GwError(f"{path} has format {data['format']}; this program compares format {FORMAT}.")
        return [_judged(one) for one in data["questions"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GwError(f"{path} is damaged or no report of this program. Name another with --compare.") from None


def newest(reports: Path, but: Path) -> Path | None:
    """The newest report by name in a folder of reports, other than the one now being written."""
    found = (path.parent for path in reports.glob(f"*/{NAME}") if path.parent.resolve() != but.resolve())
    return max(found, key=lambda folder: folder.name, default=None)


def _write(path: Path, data: Mapping[str, Any]) -> None:
    rounded = json.loads(json.dumps(data), parse_float=lambda text: round(float(text), 4))
    path.write_text(json.dumps(rounded, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", errors="replace")


def _comparison(one: Comparison) -> dict[str, Any]:
    """A comparison with the ids of the questions that turned; their outcomes stand among the questions."""
    turned = {
        name: [pair[1].item.id for pair in pairs]
        for name, pairs in (("turned_right", one.turned_right), ("turned_wrong", one.turned_wrong))
    }
    return {**asdict(one), **turned}


def _judged(data: dict[str, Any]) -> Judged:
    item = {**data["item"], "entries": tuple(data["item"]["entries"])}
    reasons = tuple(Reason(**reason) for reason in data["reasons"])
    return Judged(**{**data, "item": Labelled(**item), "shown": tuple(data["shown"]), "reasons": reasons})
