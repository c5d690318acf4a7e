"""Reads PDF files with poppler, as PDF viewers do."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import zxingcpp
from PIL import Image


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


def scan_pages(content: bytes, folder: Path) -> list[str]:
    """Return the texts of the QR codes on the pages of a PDF, printed at 100 dots per inch."""
    with TemporaryDirectory(dir=folder) as pages:
        file = Path(pages, "scan.pdf")
        file.write_bytes(content)
        _run("pdftoppm", "-r", "100", "-gray", "-png", str(file), str(file.with_suffix("")))
        images = map(Image.open, sorted(Path(pages).glob("*.png")))
        return [barcode.text for image in images for barcode in zxingcpp.read_barcodes(image)]


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")
