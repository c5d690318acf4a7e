"""Reads PDF files with poppler, as PDF viewers do."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Read:
    """What a viewer reads from a file: text, properties by pdfinfo's names, metadata, and the tree of its tags."""

    text: str
    info: dict[str, str]
    meta: str
    structure: str

    @property
    def lang(self) -> str:
        """The language of the document."""
        found = re.search(r"<dc:language><rdf:Bag><rdf:li>(.*?)</rdf:li>", self.meta)
        return found[1] if found else ""


def read_pdf(content: bytes, folder: Path) -> Read:
    """Read a PDF."""
    file = folder / "read.pdf"
    file.write_bytes(content)
    lines = _run("pdfinfo", str(file)).splitlines()
    info = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    text = " ".join(_run("pdftotext", str(file), "-").split())
    return Read(text, info, _run("pdfinfo", "-meta", str(file)), _run("pdfinfo", "-struct", str(file)))


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")
