"""`gwbot eval` run as a process: figures, report folder, comparison, retrieval, clear errors."""

import json
from pathlib import Path

import pytest

from index.evaluation.dataset import EXAMPLE_LINE, LABELLED_QUESTIONS
from tests.support.command_line import fails, gwbot, gwbot_process
from tests.support.paths import PREPARED, ROOT


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Sixteen of the labelled questions, of several kinds, in two splits."""
    items = [json.loads(line) for line in LABELLED_QUESTIONS.read_text("utf-8").splitlines()][::24][:16]
    for number, item in enumerate(items):
        item["split"] = ("calibration", "judgement")[number % 2]
    path = tmp_path / "fragen.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in items), "utf-8")
    return path


def test_report_comparison_and_another_index(tmp_path: Path, questions: Path) -> None:
    """The command prints figures, writes a report, compares it with an earlier one, and evaluates another index."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "garten.md").write_text("# Garten\n\nDer Garten ist von Mai bis September geöffnet.", "utf-8")
    gwbot("index", "build", "--knowledge", "w", "--out", "klein", folder=tmp_path)

    eval_ = ("eval", "--questions", str(questions))
    first = gwbot(*eval_, "--report", "r/1", "--cases", folder=tmp_path)
    second = gwbot(*eval_, "--report", "r/2", "--compare", "r/1", "--against", "klein", folder=tmp_path)
    text = (tmp_path / "r/2/report.md").read_text("utf-8")
    data = json.loads((tmp_path / "r/2/report.json").read_text("utf-8"))
    earlier, other = data["comparisons"]

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "AUROC, right answers against far" in first.stdout
    assert "Report: r/1/report.md" in first.stdout
    assert text.index("## Judgement part: 8 questions") < text.index("## All 16 questions")
    for name in ("risk-coverage.png", "calibration.png", "outcomes.png"):
        assert f"]({name})" in text
        assert (tmp_path / "r/2" / name).read_bytes().startswith(b"\x89PNG")
    assert (len(data["questions"]), earlier["count"], other["count"]) == (16, 16, 16)
    assert "Since 1: 0 turned right, 0 turned wrong." in second.stdout
    assert len(other["turned_wrong"]) > 5  # an index about a garden cannot answer the bot's questions
    assert "in use → klein" in second.stdout
    wrong = [question["item"]["id"] for question in data["questions"] if not question["right"]]
    assert wrong
    assert all(f"{name} [" in first.stdout for name in wrong)


def test_reports_go_to_the_data_folder_by_default(tmp_path: Path, questions: Path) -> None:
    """Without --report it is written to the data folder; an unreadable earlier one is ignored; a sample will do."""
    data = tmp_path / "data"
    damaged = data / "reports" / "2020-01-01T000000Z" / "report.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{", "utf-8")
    for name in ("encoder", "index"):
        (data / name).symlink_to(PREPARED / name)

    eval_ = ("eval", "--questions", str(questions), "--sample", "4")
    first = gwbot(*eval_, folder=tmp_path, data=data)
    (first_report,) = (path.parent for path in data.glob("reports/2*/report.md"))
    second = gwbot(*eval_, "--report", "r", folder=tmp_path, data=data)
    asked = json.loads((tmp_path / "r/report.json").read_text("utf-8"))["questions"]
    everything = [json.loads(line)["id"] for line in questions.read_text("utf-8").splitlines()]

    assert first.returncode == 0, first.stderr
    assert "Not compared with the last report" in first.stderr
    assert f"Since {first_report.name}: 0 turned right, 0 turned wrong." in second.stdout
    assert [question["item"]["id"] for question in asked] == everything[::4]


def test_report_without_matplotlib(tmp_path: Path) -> None:
    """Without matplotlib the report has no plots and says so."""
    (tmp_path / "fehlt" / "matplotlib").mkdir(parents=True)
    (tmp_path / "fehlt" / "matplotlib" / "__init__.py").write_text("raise ImportError('not installed')", "utf-8")
    path = f"{tmp_path / 'fehlt'}:{ROOT}"

    result = gwbot_process("eval", "--sample", "2", "--report", "r", folder=tmp_path, PYTHONPATH=path)

    assert result.returncode == 0, result.stderr
    assert "No pictures: matplotlib is not installed" in result.stdout
    assert "No pictures: matplotlib is not installed" in (tmp_path / "r/report.md").read_text("utf-8")
    assert not list((tmp_path / "r").glob("*.png"))


def test_retrieval_of_a_collection(tmp_path: Path) -> None:
    """Retrieval on a collection is measured with three methods, and written to a report folder if one is given."""
    folder = tmp_path / "sammlung"
    folder.mkdir()
    passages = {"a": "Hunde gehen im Hof an der Leine.", "b": "Papier kommt in die blaue Tonne."}
    lines = [json.dumps({"id": name, "title": "", "text": text}) for name, text in passages.items()]
    (folder / "passages.de.jsonl").write_text("\n".join(lines), "utf-8")
    question = {"id": "1", "question": "Where does waste paper go?", "passage": "b"}
    (folder / "questions.en.jsonl").write_text(json.dumps(question), "utf-8")

    result = gwbot("eval", "--retrieval", "sammlung", "--report", "r", folder=tmp_path)
    scores = json.loads((tmp_path / "r/retrieval.json").read_text("utf-8"))["scores"]

    assert result.returncode == 0, result.stderr
    assert "| en: ours" in result.stdout
    assert result.stdout.strip() in (tmp_path / "r/retrieval.md").read_text("utf-8")
    assert [score["method"] for score in scores] == ["BM25 alone", "dense, whole passages", "ours"]
    assert scores[2]["hit_at_1"]["value"] == 1.0


def test_clear_errors(tmp_path: Path, questions: Path) -> None:
    """Mistakes that a user can fix are reported in one sentence before anything is evaluated."""
    eval_ = ("eval", "--questions", str(questions), "--report", "r")
    (tmp_path / "leer.jsonl").write_text("", "utf-8")
    (tmp_path / "falsch.jsonl").write_text(
        "\n".join(('{"id": 1}', "kaputt", "[]", EXAMPLE_LINE.replace('["backbone"]', '"backbone"'), EXAMPLE_LINE)),
        "utf-8",
    )
    (tmp_path / "sammlung").mkdir()
    (tmp_path / "sammlung" / "passages.de.jsonl").write_text("kaputt\n", "utf-8")
    (tmp_path / "sammlung" / "questions.de.jsonl").write_text("", "utf-8")

    fails(gwbot(*eval_, "--compare", "r", folder=tmp_path), "There is no report in r: report.json is missing.")
    fails(
        gwbot(*eval_, "--against", "x", folder=tmp_path),
        "neither a built index nor a prepared encoder or cross-encoder in x",
    )
    fails(gwbot("eval", "--questions", "leer.jsonl", folder=tmp_path), "leer.jsonl:1: error: the file is empty")
    fails(
        gwbot("eval", "--questions", "falsch.jsonl", folder=tmp_path),
        "falsch.jsonl:1: error: this line lacks question, lang, kind, topic, expect. right, for example: "
        + EXAMPLE_LINE,
        "falsch.jsonl:2: error: this line is no JSON object.\n",
        "falsch.jsonl:3: error: this line is no JSON object.\n",
        "falsch.jsonl:4: error: entries, history must be lists.\n",
    )
    fails(gwbot("eval", "--retrieval", "sammlung", folder=tmp_path), "passages.de.jsonl:1: error: not JSON")
    fails(gwbot("eval", "--retrieval", "sammlung", "--cases", folder=tmp_path), "--report alone", code=2)
    fails(gwbot("eval", "--sealed", "--sample", "2", folder=tmp_path), "all sealed questions", code=2)
    fails(gwbot("eval", "--report", "leer.jsonl", folder=tmp_path), "is a file", code=2)
    fails(gwbot("eval", "--questions", str(questions), "--report", "leer.jsonl/r", folder=tmp_path), "cannot be made")
    fails(gwbot("eval", "--questions", "x.jsonl", folder=tmp_path), "There is no file x.jsonl", "--questions FILE")
    assert not (tmp_path / "r").exists()
