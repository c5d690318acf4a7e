"""`make bench`: whole-process figures of the bot, compared with a plain implementation in the same run."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from bot.sandbox.fake_telegram import FakeTelegram
from index.evaluation.dataset import LABELLED_QUESTIONS
from tests.support.paths import ROOT

MODEL = ROOT / "data" / "bench-model"
GWBOT = str(ROOT / ".venv" / "bin" / "gwbot")
STARTS, COUNT, TELEGRAM_QUESTIONS = 5, 300, 500
TOKEN = "100000:bench-bench-bench-bench-bench"


@dataclass(frozen=True)
class Run:
    """Figures of one process: seconds, megabytes, milliseconds per question."""

    seconds: float
    megabytes: float
    latencies: tuple[float, ...]


def run_command(command: list[str], questions: list[dict[str, str]]) -> Run:
    """Run a command that answers questions from standard input, and wait until it ends."""
    lines = "".join(json.dumps(item) + "\n" for item in questions).encode()
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(lines)
    process.stdin.close()
    answers = [json.loads(line) for line in process.stdout]
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    seconds = time.perf_counter() - start
    return Run(seconds, usage.ru_maxrss / 1024, tuple(answer["latency_ms"] for answer in answers))


def measure_run_memory(questions: list[str]) -> float:
    """Return the peak memory of `gwbot run` in MB after these questions over HTTP."""
    with FakeTelegram(token=TOKEN) as fake_telegram:
        folder = ROOT / "data" / "bench"
        shutil.rmtree(folder, ignore_errors=True)
        environment = {
            **os.environ,
            "GW_TELEGRAM_TOKEN": TOKEN,
            "GW_TELEGRAM_API_URL": fake_telegram.url,
            "GW_DATABASE_URL": f"sqlite:///{folder}/bot.db",
            "GW_LOG_LEVEL": "ERROR",
        }
        process = subprocess.Popen([GWBOT, "run"], cwd=ROOT, env=environment)
        people = [fake_telegram.add_user(f"Person {number}", language_code="de") for number in range(100)]
        for number, question in enumerate(questions):
            people[number % len(people)].send_text(question)
        fake_telegram.wait_for_sync(
            lambda: sum(call.method == "sendMessage" for call in fake_telegram.calls) >= len(questions), 300
        )
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.terminate()
        process.wait(30)
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def percentile(values: tuple[float, ...], share: float) -> float:
    """Return the value below which this share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Measure and print."""
    items = [json.loads(line) for line in LABELLED_QUESTIONS.read_text("utf-8").splitlines()]
    questions = [{"id": item["id"], "question": item["question"]} for item in items]
    if not MODEL.exists():
        # In a subprocess: a child's peak memory is never below its parent's, so this process must stay small.
        program = (
            "from pathlib import Path; from index.export.from_torch.bundled_model import save_bundled_model; "
            f"save_bundled_model(Path({str(MODEL)!r}))"
        )
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    ours = [GWBOT, "ask", "--jsonl"]
    index_folder = str((ROOT / "data/index/current").resolve())
    plain = [sys.executable, "-m", "tests.performance.bench.plain", str(MODEL), index_folder]
    run_command(plain, questions[:1])  # creates and stores the embeddings of the passages
    pairs = [(run_command(ours, questions[:1]), run_command(plain, questions[:1])) for _ in range(STARTS)]
    runs = [(run_command(ours, questions[:COUNT]), run_command(plain, questions[:COUNT])) for _ in range(3)]
    memory = measure_run_memory(list(islice(cycle(item["question"] for item in questions), TELEGRAM_QUESTIONS)))

    print(f"{'':44}{'ours':>10}{'plain':>10}{'ratio':>8}")
    print_row("start to first answer, s", [(a.seconds, b.seconds) for a, b in pairs])
    print_row("peak memory, one question, MB", [(a.megabytes, b.megabytes) for a, b in pairs])
    print_row(f"peak memory, {COUNT} questions, MB", [(a.megabytes, b.megabytes) for a, b in runs])
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        print_row(
            f"a question, search and rendering, {name}, ms",
            [(percentile(a.latencies, share), percentile(b.latencies, share)) for a, b in runs],
        )
    print(f"{f'peak memory of gwbot run, {TELEGRAM_QUESTIONS} questions, MB':44}{memory:10.0f}")


def print_row(name: str, pairs: list[tuple[float, float]]) -> None:
    """Print a row: the medians of both, and the median of the pairwise ratios."""
    ours, plain = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{name:44}{ours:10.2f}{plain:10.2f}{ratio:8.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["scale"]:
        from tests.performance.bench import scale

        scale.main(1_000_000 if "--million" in sys.argv else 100_000, again="--again" in sys.argv)
    else:
        main()
