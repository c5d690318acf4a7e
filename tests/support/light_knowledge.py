"""A copy of the built-in knowledge with few of its entries, and as few example questions as its rules allow.

It is read and indexed in a fraction of the time, for tests of what happens when a file changes.
"""

import re
import shutil
from pathlib import Path

import yaml

from knowledge.loader import BUILT_IN
from knowledge.validation.rules import MIN_FOREIGN_QUESTIONS, MIN_NOT_ANSWERED, MIN_QUESTIONS
from knowledge.yaml_file import read_yaml

PHRASES_PER_LANGUAGE = 30
KEPT_LAYERS = re.compile(r"(?m)^layer: (page|bot|gap)$")
ANY_ENTRY = "was-ist-gemeinsam-wirken"  # in place of related entries that are left out


def copy_light_knowledge(folder: Path) -> Path:
    """Copy the built-in knowledge into a new folder, and shorten it; returns the folder."""
    shutil.copytree(BUILT_IN, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    kept = _choose_entries(folder)
    for path in folder.glob("content/*/*.md"):
        if path.stem not in kept:
            path.unlink()
            continue
        lengths = {"questions": MIN_QUESTIONS[path.parent.name], "not": MIN_NOT_ANSWERED}
        head, separator, body = path.read_text("utf-8").removeprefix("---\n").partition("\n---\n")
        head = re.sub(r"(?m)^related: \[(.*)\]$", lambda match: _keep_related(match[1], kept), head)
        path.write_text(f"---\n{_shorten_lists(head, lengths)}{separator}{body}", "utf-8")
    for path in folder.glob("questions/*.yaml"):
        questions = read_yaml(path)
        _write_yaml(
            path, {entry: texts[:MIN_FOREIGN_QUESTIONS] for entry, texts in questions.items() if entry in kept}
        )
    for path in folder.glob("intents/*.yaml"):
        intent = read_yaml(path)
        phrases = {lang: texts[:PHRASES_PER_LANGUAGE] for lang, texts in intent["phrases"].items()}
        _write_yaml(path, intent | {"phrases": phrases})
    return folder


def _choose_entries(folder: Path) -> set[str]:
    """Return the entries of the initiative's page, the bot's and the gaps, and those that other files name."""
    others = [*folder.glob("intro/*/*.md"), *folder.glob("selfcheck/*.yaml"), *folder.glob("*.yaml")]
    named = set(re.findall(r"[\w-]+", "\n".join(path.read_text("utf-8") for path in others)))
    paths = folder.glob("content/de/*.md")
    return {path.stem for path in paths if path.stem in named or KEPT_LAYERS.search(path.read_text("utf-8"))}


def _keep_related(ids: str, kept: set[str]) -> str:
    related = [entry for entry in ids.split(", ") if entry in kept] or [ANY_ENTRY]
    return f"related: [{', '.join(related)}]"


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
    path.write_text(yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False), "utf-8")
