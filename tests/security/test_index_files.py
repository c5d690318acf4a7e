"""An index or an encoder folder that somebody changed: nothing in it is run, and it is refused by name."""

import json
import os
import pickle
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from index.encoder.encoder import OnnxEncoder
from index.encoder.model_card import hash_file
from index.errors import EncoderError, IndexUnusable
from index.storage.layout import MANIFEST_FILE
from index.storage.reader import current_folder, open_index

ARRAYS = [
    "rows.npy",
    "entries.npy",
    "targets.npy",
    "cover-tokens.npy",
    "cover-starts.npy",
    "cover-targets.npy",
    "vectors.npy",
]
TEXTS = ["intents.json", "names.json", "manifest.json"]


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("evil",)


@pytest.fixture
def root(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the index to be changed."""
    monkeypatch.chdir(tmp_path)
    folder = current_folder(prepared / "index")
    shutil.copytree(folder, tmp_path / "index" / folder.name)
    (tmp_path / "index" / "current").symlink_to(folder.name)
    return tmp_path / "index"


def changed(root: Path, name: str, content: bytes) -> None:
    """Put this in the place of a file, with the right hash in the manifest, as who can write there would."""
    folder = current_folder(root)
    (folder / name).write_bytes(content)
    if name == MANIFEST_FILE:
        return
    head = json.loads((folder / MANIFEST_FILE).read_text())
    if name in head["files"]:
        head["files"][name] = hash_file(folder / name)
        (folder / MANIFEST_FILE).write_text(json.dumps(head))


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("kind", ["pickled-array", "pickle", "empty", "text", "wrong-shape", "huge-shape"])
def test_a_hostile_array(root: Path, encoder: OnnxEncoder, name: str, kind: str) -> None:
    """An array file that holds code, nothing, or claims what it has not is refused, and no code in it is run."""
    made = Path("made.npy")
    match kind:
        case "pickled-array":
            np.save(made, np.array([Evil()], object), allow_pickle=True)
        case "pickle":
            made.write_bytes(pickle.dumps(Evil()))
        case "empty":
            made.write_bytes(b"")
        case "text":
            made.write_bytes(b"evil" * 100)
        case "wrong-shape":
            np.save(made, np.zeros((1, 1, 1)))
        case "huge-shape":
            head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 4000000000), }"
            made.write_bytes(b"\x93NUMPY\x01\x00" + (len(head) + 1).to_bytes(2, "little") + head + b"\n")
    changed(root, name, made.read_bytes())

    with (
        pytest.raises(IndexUnusable, match="gwbot index build") if kind != "wrong-shape" else suppress(IndexUnusable)
    ):
        open_index(root, encoder)

    assert not Path("evil").exists()


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "content", [b"", b"evil", b"[]", b"null", b'{"a": 1}', b"\xff\xfe", b"[" * 50_000, b'{"intents": {"a": "evil"}}']
)
def test_a_hostile_json_file(root: Path, encoder: OnnxEncoder, name: str, content: bytes) -> None:
    """A file of the index that is no JSON, or other JSON, is refused with what to run."""
    if name == "names.json" and content == b"[]":
        content = b"[1]"
    if not (current_folder(root) / name).exists():
        pytest.skip("not in this format")
    changed(root, name, content)

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        open_index(root, encoder)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", ".", "a\0b", "/dev/zero", "CON", "x" * 5_000])
def test_a_manifest_that_names_other_files(root: Path, encoder: OnnxEncoder, name: str) -> None:
    """A file that the manifest names is compared with its hash and nothing else; elsewhere it is missing or differs."""
    path = current_folder(root) / MANIFEST_FILE
    head = json.loads(path.read_text())
    head["files"][name] = "0" * 64
    path.write_text(json.dumps(head))

    with pytest.raises(IndexUnusable) as caught:
        open_index(root, encoder)

    assert "root:" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"evil", b"SQLite format 3\0", b"SQLite format 3\0" + b"\xff" * 4_096, b"PK\x03\x04"]
)
def test_a_word_file_that_is_no_database(root: Path, encoder: OnnxEncoder, content: bytes) -> None:
    """A file of words that SQLite cannot read is refused."""
    changed(root, "words.db", content)

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        open_index(root, encoder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"evil",
        b"{}",
        b"[]",
        b"null",
        b"[" * 50_000,
        b'{"files": {"../../../../etc/passwd": "0"}}',
        b"\x80\x04\x95",
    ],
)
def test_a_hostile_card_of_an_encoder(tmp_path: Path, content: bytes) -> None:
    """A model folder whose card is not ours is refused before anything in it is loaded."""
    (tmp_path / "encoder.json").write_bytes(content)
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))

    with pytest.raises(EncoderError):
        OnnxEncoder.load(tmp_path)

    assert not Path("evil").exists()
