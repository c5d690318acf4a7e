"""The README says what the program does."""

from tools.readme import README_PATH, fill_readme


def test_generated_parts_are_current() -> None:
    """Commands and settings in README.md are those of the program; else run: python -m tools.readme"""
    text = README_PATH.read_text("utf-8")

    assert text == fill_readme(text)
