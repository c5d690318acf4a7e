"""Ask the practitioners' questions of docs/helpfulness.md again: `python -m tools.helpfulness` (make helpfulness).

Prints each question with today's answer beside the ratings it had, and says where the answer is another one than the
one rated. Rating stays with people: 0 useless or misleading, 1 honest or related but no help, 2 helps, 3 what an
adviser would say.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from bot.answering.answerer import Answer
from bot.app.bootstrap import make_answerer
from bot.app.index_loader import open_index
from bot.settings import Settings
from tools import PROJECT_ROOT

TABLE_FILE = PROJECT_ROOT / "docs" / "helpfulness.md"
_ROW = re.compile(
    r"\| (?P<number>\d+) \| (?P<question>.+) \| (?P<shown>.+) \| (?P<first>[0-3]) \| (?P<second>[0-3]) \|"
)


@dataclass(frozen=True, slots=True)
class RatedQuestion:
    """A question with what was shown when it was rated (ids or a status), and the ratings of both readers, 0 to 3."""

    number: int
    question: str
    shown: str
    ratings: tuple[int, int]


def read_table(path: Path) -> list[RatedQuestion]:
    """Return the rows of the table of ratings."""
    rows = map(_ROW.fullmatch, path.read_text(encoding="utf-8").splitlines())
    return [
        RatedQuestion(int(row["number"]), row["question"], row["shown"], (int(row["first"]), int(row["second"])))
        for row in rows
        if row
    ]


def describe_shown(answer: Answer) -> str:
    """Return what an answer shows: the id of its entry, those of a choice, or its status."""
    options = ", ".join(f"{option.id}?" for option in answer.result.options)
    return answer.entry_id or options or answer.status.value


def main() -> int:
    """Print all questions with their answers and ratings, and the means."""
    settings = Settings()
    answerer = make_answerer(settings, open_index(settings, None))
    rows, changed = read_table(TABLE_FILE), 0
    for row in rows:
        answer = answerer.answer_question(row.question, chosen_lang="de")
        shown = describe_shown(answer)
        note = "" if shown == row.shown else f"; rated was: {row.shown}"
        changed += bool(note)
        print(f"## {row.number} {row.question}\n[{shown}] rated {row.ratings[0]} and {row.ratings[1]}{note}\n")
        print(f"{answer.plain_text}\n")
    for number, reader in enumerate(("first", "second")):
        ratings = [row.ratings[number] for row in rows]
        print(f"{reader} reader: mean {sum(ratings) / len(ratings):.2f} of 3, {ratings.count(0)} rated 0")
    print(f"{changed} of {len(rows)} questions show something else than what was rated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
