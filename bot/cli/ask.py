"""`gwbot ask`, `chat` and `search`: ask questions on the terminal."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import chosen_settings, index_option
from bot.errors import GwError
from bot.log import escape_control_chars, json_line

if TYPE_CHECKING:  # `gwbot --help` must not load the index
    from bot.answering.multi_question import MessageAnswers
    from index.search.scoring import Hit
    from index.search.searcher import Searcher


@click.command()
@click.argument("question", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Write the answer as one JSON object.")
@click.option("--jsonl", is_flag=True, help='Read {"id", "question", "lang"} lines from standard input.')
@index_option
def ask(question: tuple[str, ...], as_json: bool, jsonl: bool, root: Path | None) -> None:
    """Answer QUESTION, with or without quotation marks."""
    text = " ".join(question)
    if bool(text) == jsonl:
        raise click.UsageError("Give a question, or --jsonl and questions on standard input.")
    answer_question = _build_answer_function(root)
    if not jsonl and not as_json:
        answers = answer_question(text, "").with_headings()
        click.echo(escape_control_chars("\n\n".join(answered.plain_text for answered in answers)))
        return
    if not jsonl:
        click.echo(json_line(_answer_timed(answer_question, text, "")))
        return
    for number, item in _read_json_lines():
        answered = _answer_timed(answer_question, str(item.get("question", "")), str(item.get("lang") or ""))
        click.echo(json_line({"id": item.get("id", number), **answered}))


@click.command()
@click.argument("question", nargs=-1)
@index_option
@click.option("--top", default=10, show_default=True, type=click.IntRange(1, 1000), help="Number of entries to list.")
@click.option("--jsonl", is_flag=True, help='Read {"id", "question"} lines from standard input.')
def search(question: tuple[str, ...], root: Path | None, top: int, jsonl: bool) -> None:
    """Rank entries for QUESTION, with or without quotation marks: retrieval only, without deciding to answer."""
    from bot.app.index_loader import open_index

    text = " ".join(question)
    if bool(text) == jsonl:
        raise click.UsageError("Give a question, or --jsonl and questions on standard input.")
    settings = chosen_settings()
    searcher = open_index(settings, root).current_searcher()
    if not jsonl:
        _print_hits(searcher, searcher.rank_entries(text, top), settings.language)
        return
    for number, item in _read_json_lines():
        hits = searcher.rank_entries(str(item.get("question", "")), top)
        results = [{"entry": hit.target, "score": round(hit.score, 5)} for hit in hits]
        click.echo(json_line({"id": item.get("id", number), "results": results}))


def _print_hits(searcher: "Searcher", hits: "list[Hit]", lang: str) -> None:
    """Print a table of the entries with their scores, the nearest first."""
    if not hits:
        click.echo("No entry.", err=True)
        return
    id_width = max(len("entry"), *(len(hit.target) for hit in hits))
    click.echo(f"{'score':>8}  {'entry':{id_width}}  title")
    for hit in hits:
        entry = searcher.find_entry(hit.target, lang)
        title = entry.title if entry else ""
        click.echo(f"{hit.score:8.3f}  " + escape_control_chars(f"{hit.target:{id_width}}  {title}", ""))


@click.command()
@index_option
def chat(root: Path | None) -> None:
    """Talk to the bot in the terminal."""
    from bot.app.index_loader import open_index
    from bot.cli.chat import run_chat

    settings = chosen_settings()
    run_chat(settings, open_index(settings, root))


def _build_answer_function(root: Path | None) -> "Callable[[str, str], MessageAnswers]":
    from bot.answering.multi_question import answer_each_question
    from bot.app.bootstrap import make_answerer
    from bot.app.index_loader import open_index
    from knowledge.records.entry import LEICHTE_SPRACHE

    settings = chosen_settings()
    answerer = make_answerer(settings, open_index(settings, root))
    return lambda question, lang: answer_each_question(
        answerer, question, lang, lang if lang == LEICHTE_SPRACHE else ""
    )


def _answer_timed(
    answer_question: "Callable[[str, str], MessageAnswers]", question: str, lang: str
) -> dict[str, Any]:
    start = time.perf_counter()
    answered = answer_question(question, lang).best_answer
    sources = []
    if source := answered.source:
        description = {"entry": source.id, "title": source.title, "layer": source.layer.value, "url": source.url}
        sources.append({**description, "score": round(answered.result.hits[0].score, 4)})
    return {
        "status": answered.status.value,
        "answer": answered.plain_text,
        "sources": sources,
        "options": [option.id for option in answered.result.options],
        "confidence": round(answered.result.probability, 4),
        "lang": answered.lang,
        "latency_ms": round((time.perf_counter() - start) * 1000, 2),
    }


def _read_json_lines() -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and object of each line of standard input; raise GwError naming a line that is not an object."""
    for number, line in enumerate(_read_lines(), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise GwError(f"standard input, line {number}: not JSON ({error})") from None
        if not isinstance(item, dict):
            raise GwError(f'standard input, line {number}: expected an object like {{"id": 1, "question": "…"}}')
        yield number, item


def _read_lines() -> Iterator[str]:
    try:
        yield from sys.stdin
    except UnicodeDecodeError:
        raise GwError("standard input is not UTF-8") from None


COMMANDS = (ask, chat, search)
