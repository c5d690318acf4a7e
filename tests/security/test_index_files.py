"""Manipulated index and encoder folders: they are rejected, and no code in them is executed."""

import json
import os
import pickle
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.encoder.model_card import hash_file
from index.errors import EncoderError, IndexUnusable
from index.storage.layout import MANIFEST_FILE
from index.storage.reader import current_folder, open_index
from knowledge.loader import BUILT_IN, load_knowledge

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


@pytest.fixture(scope="module")
def small_index(encoder: OnnxEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of a few entries: every file that the whole one has."""
    built_in = load_knowledge(BUILT_IN)
    knowledge = replace(
        built_in, entries=tuple(built_in.entries)[:3], example_questions=(), intents=built_in.intents[:1]
    )
    root = tmp_path_factory.mktemp("small")
    build_index(IndexSource(knowledge, encoder, load_calibration(with_examples=True)), root)
    return root


@pytest.fixture
def root(small_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the index that a test may modify."""
    monkeypatch.chdir(tmp_path)
    folder = current_folder(small_index)
    shutil.copytree(folder, tmp_path / "index" / folder.name)
    (tmp_path / "index" / "current").symlink_to(folder.name)
    return tmp_path / "index"


def replace_file(root: Path, name: str, content: bytes) -> None:
    """Replace a file and its hash in the manifest, as an attacker with write access would."""
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
    """An array file with code, without content or with a false shape is rejected, and no code is executed."""
    array_file = Path("made.npy")
    match kind:
        case "pickled-array":
            np.save(array_file, np.array([Evil()], object), allow_pickle=True)
        case "pickle":
            array_file.write_bytes(pickle.dumps(Evil()))
        case "empty":
            array_file.write_bytes(b"")
        case "text":
            array_file.write_bytes(b"evil" * 100)
        case "wrong-shape":
            np.save(array_file, np.zeros((1, 1, 1)))
        case "huge-shape":
            header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 4000000000), }"
            array_file.write_bytes(b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n")
    replace_file(root, name, array_file.read_bytes())

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
    """An index file with invalid or unexpected JSON is rejected with the command to run."""
    if name == "names.json" and content == b"[]":
        content = b"[1]"
    if not (current_folder(root) / name).exists():
        pytest.skip("not in this format")
    replace_file(root, name, content)

    with pytest.raises(IndexUnusable, match="gwbot index build"):
        open_index(root, encoder)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", ".", "a\0b", "/dev/zero", "CON", "x" * 5_000])
def test_a_manifest_that_names_other_files(root: Path, encoder: OnnxEncoder, name: str) -> None:
    """A manifest that names files elsewhere is rejected, and the error shows nothing of their content."""
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
def test_word_file_that_is_not_a_database(root: Path, encoder: OnnxEncoder, content: bytes) -> None:
    """A word file that SQLite cannot read is rejected."""
    replace_file(root, "words.db", content)

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
def test_invalid_encoder_card(tmp_path: Path, content: bytes) -> None:
    """A model folder with an invalid card is rejected before anything in it is loaded."""
    (tmp_path / "encoder.json").write_bytes(content)
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))

    with pytest.raises(EncoderError):
        OnnxEncoder.load(tmp_path)

    assert not Path("evil").exists()
