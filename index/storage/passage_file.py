"""The texts of an index: ``passages.jsonl``, one JSON object per passage."""

import contextlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from index.storage.layout import PASSAGES_FILE


def format_passage(passage_id: str, text: str) -> str:
    """Return the line of a passage, with its line break."""
    return json.dumps({"id": passage_id, "text": text}, ensure_ascii=False) + "\n"


def parse_passage(line: str | bytes) -> tuple[str, str]:
    """Return the id and the text of a line."""
    passage = json.loads(line)
    return str(passage["id"]), str(passage["text"])


def read_passages(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the id and the text of every passage of an index folder, by row."""
    with (folder / PASSAGES_FILE).open(encoding="utf-8") as file:
        yield from map(parse_passage, file)


def read_passage_text(folder: Path, row: int) -> str:
    """Return the text of one row, or "" if the folder no longer exists; raises IndexError for an unknown row."""
    with contextlib.suppress(FileNotFoundError), (folder / PASSAGES_FILE).open(encoding="utf-8") as file:
        for line in islice(file, row, row + 1):
            return parse_passage(line)[1]
    if not folder.is_dir():
        return ""
    raise IndexError(row)
