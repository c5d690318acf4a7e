"""The served encoder: any text in, vectors of length 1 out; and how other models become one."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from index.encoder import quantization
from index.encoder.encoder import OnnxEncoder
from index.errors import EncoderError
from tests.support.texts import TEXTS


def test_shapes(encoder: OnnxEncoder) -> None:
    """Each text gives one vector, also where there are none."""
    assert encoder.encode_queries([]).shape == (0, encoder.dimension)
    assert encoder.encode_passages(TEXTS[:3]).shape == (3, encoder.dimension)
    assert encoder.encode_queries(TEXTS[:1]).dtype == np.float32


def test_any_text_is_read(encoder: OnnxEncoder) -> None:
    """Empty, endless and broken texts all give vectors of length 1."""
    vectors = encoder.encode_queries(
        ["", " \n", "\ud83d", "a\udc00b", "\x00", "Wort " * 50_000, "\U0010ffff"], fast=True
    )

    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_question_finds_its_answer_across_languages(encoder: OnnxEncoder) -> None:
    """A question in Turkish is nearest to the German sentence that answers it."""
    passages = ["Die Beratung ist kostenlos.", "Der Zug fährt um acht.", "Im Park wachsen alte Eichen."]

    scores = encoder.encode_passages(passages) @ encoder.encode_queries(["Danışmanlık ücretli mi?"], fast=True)[0]

    assert scores.argmax() == 0


def test_company_does_not_matter(encoder: OnnxEncoder) -> None:
    """A text's vector is the same alone and among others, so an index can be added to."""
    together = encoder.encode_passages(TEXTS)
    alone = np.concatenate([encoder.encode_passages([text]) for text in TEXTS])

    assert np.sum(together * alone, axis=1).min() > 0.9999


def test_threads_share_an_encoder(encoder: OnnxEncoder) -> None:
    """Calls from several threads at once give what one after the other gives."""
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda text: encoder.encode_queries([text], fast=True)[0], TEXTS))

    assert np.allclose(at_once, [encoder.encode_queries([text], fast=True)[0] for text in TEXTS], atol=1e-5)


def test_a_process_of_its_own_stays_small(encoder_dir: Path) -> None:
    """Serving takes less than 200 MB at its peak, and neither torch nor transformers."""
    script = (
        "import sys; from pathlib import Path; from index.encoder.encoder import OnnxEncoder\n"
        f"OnnxEncoder.load(Path({str(encoder_dir)!r})).encode_queries(['Wo finde ich Hilfe?'], fast=True)\n"
        "assert not {'torch', 'transformers', 'onnx'} & set(sys.modules)\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak is read from /proc")

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert int(done.stdout) < 200_000


def test_no_encoder(tmp_path: Path) -> None:
    """Where nothing was prepared, the message names the folder and the command."""
    with pytest.raises(EncoderError, match=r"No encoder in .*; run: gwbot model prepare"):
        OnnxEncoder.load(tmp_path)


@pytest.mark.parametrize("name", ["questions.onnx", "embeddings.npy", "tokenizer.json", "pieces.model", "graph.onnx"])
def test_damage_is_a_clear_error(encoder_dir: Path, tmp_path: Path, name: str) -> None:
    """A truncated file raises EncoderError at start, or when passages are encoded."""
    folder = shutil.copytree(encoder_dir, tmp_path / "encoder")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])

    with pytest.raises(EncoderError, match="run: gwbot model prepare"):
        OnnxEncoder.load(folder).encode_passages(["Wo finde ich Hilfe?"])


@pytest.mark.parametrize("bits", [4, 8])
def test_blocks_are_near(bits: quantization.BitWidth) -> None:
    """A packed number is off by half a step at most, two at the end of the range, and exact the second time."""
    rows = np.random.default_rng(7).standard_normal((100, 64), dtype=np.float32)

    once = quantization.unpack_rows(quantization.pack_rows(rows, bits), bits)

    assert np.abs(once - rows).max() < np.abs(rows).max() / 2 ** (bits - 1) * 1.01
    assert np.array_equal(quantization.unpack_rows(quantization.pack_rows(once, bits), bits), once)


def test_questions_without_a_faster_graph(encoder: OnnxEncoder, encoder_dir: Path, tmp_path: Path) -> None:
    """A folder without the faster graph gives the vectors of the exact one, to which the faster ones are near."""
    folder = shutil.copytree(encoder_dir, tmp_path / "encoder")
    (folder / "questions.onnx").unlink()
    card = json.loads((folder / "encoder.json").read_text())
    del card["files"]["questions.onnx"]
    (folder / "encoder.json").write_text(json.dumps(card))

    exact, fast = (OnnxEncoder.load(path).encode_queries(TEXTS[::3], fast=True) for path in (folder, encoder_dir))

    assert np.array_equal(exact, encoder.encode_queries(TEXTS[::3]))
    assert 0.998 < np.sum(exact * fast, axis=1).min() < 0.99999
