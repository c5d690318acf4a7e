"""Reading text files: each text is parsed once."""

from pathlib import Path

import pytest

from knowledge.errors import ContentError, Problem
from knowledge.parsing.text_file import parsed_once


def test_a_text_is_parsed_once(tmp_path: Path) -> None:
    """The same text gives the same record, a changed one is parsed anew, and a mistake is found each time."""
    path = tmp_path / "a.yaml"

    @parsed_once
    def read_words(path: Path, text: str) -> list[str]:
        if "!" in text:
            raise ContentError([Problem.of(path, 1, "one_word", value=text)])
        return text.split()

    def read(text: str) -> list[str]:
        path.write_text(text, "utf-8")
        return read_words(path)

    first = read("ein Wort")
    assert read("ein Wort") is first
    assert read("zwei Worte") == ["zwei", "Worte"]
    for _ in range(2):
        with pytest.raises(ContentError):
            read("ein Wort!")
