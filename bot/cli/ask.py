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
from bot.log import escape_control_chars, json_line

if TYPE_CHECKING:  # the index is loaded by what needs it, not by `gwbot --help`
    from bot.answering.multi_question import MessageAnswers


@click.command()
@click.argument("question", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write the answer as one JSON object.")
@click.option("--jsonl", is_flag=True, help='Read {"id", "question", "lang"} lines from standard input.')
@click.option("--index", "root", type=click.Path(path_type=Path), help="Another index folder.")
def ask(question: str | None, as_json: bool, jsonl: bool, root: Path | None) -> None:
    """Answer QUESTION once."""
    if bool(question) == jsonl:
        raise click.UsageError("Give a question, or --jsonl and questions on standard input.")
    answer_question = _build_answer_function(root)
    if not jsonl and not as_json:
        click.echo(
            escape_control_chars(
                "\n\n".join(answered.plain_text for answered in answer_question(question or "", "").with_headings())
            )
        )
        return
    if not jsonl:
        click.echo(json_line(_answer_timed(answer_question, question or "", "")))
        return
    for number, item in _read_json_lines():
        answered = _answer_timed(answer_question, str(item.get("question", "")), str(item.get("lang") or ""))
        click.echo(json_line({"id": item.get("id", number), **answered}))


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
    searcher = open_index(chosen_settings(), root).current_searcher()
    if not jsonl:
        for hit in searcher.rank_entries(question or "", top):
            click.echo(f"{hit.score:8.3f}  {escape_control_chars(hit.target, '')}")
        return
    for number, item in _read_json_lines():
        hits = searcher.rank_entries(str(item.get("question", "")), top)
        results = [{"entry": hit.target, "score": round(hit.score, 5)} for hit in hits]
        click.echo(json_line({"id": item.get("id", number), "results": results}))


@click.command()
def chat() -> None:
    """Talk to the bot on the terminal."""
    from bot.cli.chat import run_chat

    run_chat(chosen_settings())


def _build_answer_function(root: Path | None) -> "Callable[[str, str], MessageAnswers]":
    from bot.answering.language import LEICHTE_SPRACHE
    from bot.answering.multi_question import answer_each_question
    from bot.app.bootstrap import make_answerer
    from bot.app.index_loader import open_index

    settings = chosen_settings()
    answerer = make_answerer(settings, open_index(settings, root))
    return lambda question, lang: answer_each_question(
        answerer, question, lang, LEICHTE_SPRACHE if lang == LEICHTE_SPRACHE else ""
    )


def _answer_timed(
    answer_question: "Callable[[str, str], MessageAnswers]", question: str, lang: str
) -> dict[str, Any]:
    start = time.perf_counter()
    answered = answer_question(question, lang).best_answer
    return {
        "status": answered.status.value,
        "answer": answered.plain_text,
        "sources": [asdict(source) for source in answered.sources],
        "options": list(answered.option_ids),
        "confidence": round(answered.confidence, 4),
        "lang": answered.lang,
        "latency_ms": round((time.perf_counter() - start) * 1000, 2),
    }


def _read_json_lines() -> Iterator[tuple[int, dict[str, Any]]]:
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
