"""`gwbot ask`, `chat` and `search`: questions on the terminal."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import chosen_settings
from bot.errors import GwError
from bot.printable import json_line, printable

if TYPE_CHECKING:  # the index is loaded by what needs it, not by `gwbot --help`
    from bot.answering.multi_question import Answers


@click.command()
@click.argument("question", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write the answer as one JSON object.")
@click.option("--jsonl", is_flag=True, help='Read {"id", "question", "lang"} lines from standard input.')
@click.option("--index", "root", type=click.Path(path_type=Path), help="Another index folder.")
def ask(question: str | None, as_json: bool, jsonl: bool, root: Path | None) -> None:
    """Answer QUESTION once."""
    if bool(question) == jsonl:
        raise click.UsageError("Give a question, or --jsonl and questions on standard input.")
    answer = _answerer(root)
    if not jsonl and not as_json:
        click.echo(printable("\n\n".join(found.text for found in answer(question or "", "").headed())))
        return
    if not jsonl:
        click.echo(json_line(_timed(answer, question or "", "")))
        return
    for number, item in _lines():
        found = _timed(answer, str(item.get("question", "")), str(item.get("lang") or ""))
        click.echo(json_line({"id": item.get("id", number), **found}))


@click.command()
@click.argument("question", required=False)
@click.option("--index", "root", type=click.Path(path_type=Path), help="Another index folder.")
@click.option("--top", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many entries.")
@click.option("--jsonl", is_flag=True, help='Read {"id", "question"} lines from standard input.')
def search(question: str | None, root: Path | None, top: int, jsonl: bool) -> None:
    """Rank entries for QUESTION: retrieval alone, without a decision."""
    from bot.app.index_loader import open_index

    if bool(question) == jsonl:
        raise click.UsageError("Give a question, or --jsonl and questions on standard input.")
    searcher = open_index(chosen_settings(), root).searcher()
    if not jsonl:
        for hit in searcher.rank(question or "", top):
            click.echo(f"{hit.score:8.3f}  {printable(hit.target, '')}")
        return
    for number, item in _lines():
        hits = searcher.rank(str(item.get("question", "")), top)
        results = [{"entry": hit.target, "score": round(hit.score, 5)} for hit in hits]
        click.echo(json_line({"id": item.get("id", number), "results": results}))


@click.command()
def chat() -> None:
    """Talk to the bot on the terminal."""
    from bot.cli.chat import converse

    converse(chosen_settings())


def _answerer(root: Path | None) -> "Callable[[str, str], Answers]":
    from bot.answering.language import EASY
    from bot.answering.multi_question import answer_each
    from bot.app.bootstrap import make_answerer
    from bot.app.index_loader import open_index

    settings = chosen_settings()
    answerer = make_answerer(settings, open_index(settings, root))
    return lambda question, lang: answer_each(answerer, question, lang, EASY if lang == EASY else "")


def _timed(answer: "Callable[[str, str], Answers]", question: str, lang: str) -> dict[str, Any]:
    start = time.perf_counter()
    found = answer(question, lang).best
    return {
        "status": found.status.value,
        "answer": found.text,
        "sources": [asdict(source) for source in found.sources],
        "options": list(found.options),
        "confidence": round(found.confidence, 4),
        "lang": found.lang,
        "latency_ms": round((time.perf_counter() - start) * 1000, 2),
    }


def _lines() -> Iterator[tuple[int, dict[str, Any]]]:
    """Objects from standard input, one a line; raises GwError naming a line that is none."""
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise GwError(f"standard input, line {number}: not JSON ({error})") from None
        if not isinstance(item, dict):
            raise GwError(f'standard input, line {number}: expected an object like {{"id": 1, "question": "…"}}')
        yield number, item


COMMANDS = (ask, chat, search)
