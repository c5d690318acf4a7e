"""Read a text file that anybody may have written."""

from pathlib import Path

from knowledge.errors import ContentError, Problem

MAX_FILE_BYTES = 1_000_000


def read_text_file(path: Path) -> str:
    """A file's text with Unix line ends; raises ContentError where it is no usable text file."""
    if not path.is_file():
        raise ContentError([Problem(path, 0, "the file is missing")])
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ContentError(
            [Problem(path, 0, f"{size:,} bytes are too many; at most {MAX_FILE_BYTES:,} fit one entry")]
        )
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ContentError([Problem(path, line, "not UTF-8; save the file with the encoding UTF-8")]) from None
    if not text.strip():
        raise ContentError([Problem(path, 1, "the file is empty")])
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ContentError([Problem(path, line, "a NUL character; this is no text file")])
    return text.replace("\r\n", "\n")
