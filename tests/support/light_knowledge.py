"""A copy of the built-in knowledge with as few example questions as its rules allow.

It is read and indexed in a fraction of the time, for tests of what happens when a file changes.
"""

import shutil
from pathlib import Path

import yaml

from knowledge.loader import BUILT_IN
from knowledge.validation.rules import MIN_FOREIGN_QUESTIONS, MIN_NOT_ANSWERED, MIN_QUESTIONS

PHRASES_PER_LANGUAGE = 30


def copy_light_knowledge(folder: Path) -> Path:
    """Copy the built-in knowledge into a new folder, and shorten the lists of examples; returns the folder."""
    shutil.copytree(BUILT_IN, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for path in folder.glob("content/*/*.md"):
        lengths = {"questions": MIN_QUESTIONS[path.parent.name], "not": MIN_NOT_ANSWERED}
        head, separator, body = path.read_text("utf-8").removeprefix("---\n").partition("\n---\n")
        path.write_text(f"---\n{_shorten_lists(head, lengths)}{separator}{body}", "utf-8")
    for path in folder.glob("questions/*.yaml"):
        questions = yaml.safe_load(path.read_text("utf-8"))
        _write_yaml(path, {entry: texts[:MIN_FOREIGN_QUESTIONS] for entry, texts in questions.items()})
    for path in folder.glob("intents/*.yaml"):
        intent = yaml.safe_load(path.read_text("utf-8"))
        phrases = {lang: texts[:PHRASES_PER_LANGUAGE] for lang, texts in intent["phrases"].items()}
        _write_yaml(path, intent | {"phrases": phrases})
    return folder


def _shorten_lists(front_matter: str, lengths: dict[str, int]) -> str:
    """Keep the first items of the named lists, and every other line as it is: tests change some of them."""
    lines, left = [], None
    for line in front_matter.splitlines():
        if line.startswith("  - ") and left is not None:
            left -= 1
            if left < 0:
                continue
        elif not line.startswith(" "):
            left = lengths.get(line.removesuffix(":"))
        lines.append(line)
    return "\n".join(lines)


def _write_yaml(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
