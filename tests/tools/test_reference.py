"""docs/reference.md lists the commands and settings of the program."""

from tools.reference import REFERENCE_FILE, fill_tables


def test_tables_are_current() -> None:
    """The listed commands and settings are those of the program; if not, run: python -m tools.reference"""
    text = REFERENCE_FILE.read_text("utf-8")

    assert text == fill_tables(text)


def test_tables_are_filled() -> None:
    """A command and a setting that everybody needs are listed."""
    text = REFERENCE_FILE.read_text("utf-8")

    assert "| `gwbot run` |" in text
    assert "| `GW_TELEGRAM_TOKEN` |" in text
