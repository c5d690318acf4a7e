"""Other encoders than the default one, exported from sentence-transformers folders."""

from pathlib import Path
from typing import Any

import pytest

from index.encoder.encoder import OnnxEncoder
from index.encoder.model_card import read_encoder_card
from index.errors import EncoderError
from index.export.from_torch.encoder_export import default_prompts, export_encoder
from tests.support.missing_tools import needs_torch

pytestmark = needs_torch


@pytest.fixture
def small_model(tmp_path: Path) -> Path:
    """A sentence-transformers folder: two untrained layers, WordPiece, CLS pooling."""
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    bert: Any = transformers  # its classes are found at run time
    folder = tmp_path / "small"
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
    letters = [chr(code) for code in range(33, 127)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    bert.BertModel(bert.BertConfig(vocab_size=len(words), **sizes)).save_pretrained(folder)
    bert.BertTokenizerFast({word: at for at, word in enumerate(words)}).save_pretrained(folder)
    out = tmp_path / "model"
    SentenceTransformer(modules=[Transformer(str(folder)), Pooling(64, "cls")], device="cpu").save(str(out))
    return out


def test_another_model_is_served_too(small_model: Path, tmp_path: Path) -> None:
    """A model with other words, pooling and no prompts is exported, checked, and replaces the one before."""
    out = tmp_path / "data" / "encoder"
    for _ in range(2):
        export_encoder(str(small_model), out)

    card = read_encoder_card(out)
    assert (card.pooling, card.bits, card.query_prompt, card.dimension) == ("cls", 8, "", 64)
    assert [path.name for path in out.parent.iterdir()] == ["encoder"]
    assert OnnxEncoder.load(out).digest == card.digest


def test_usual_prompts() -> None:
    """E5 models get the prompts that they were trained with, others none."""
    assert default_prompts("intfloat/multilingual-e5-base")["query"] == "query: "
    assert default_prompts("intfloat/multilingual-e5-large-instruct") == {}
    assert default_prompts("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2") == {}


def test_a_model_of_another_kind_is_refused(small_model: Path, tmp_path: Path) -> None:
    """A model that pools in a way we do not know is refused with the reason; nothing is left behind."""
    config = small_model / "1_Pooling" / "config.json"
    config.write_text(config.read_text().replace('"cls"', '"max"'))

    with pytest.raises(EncoderError, match="pools by max; only mean and cls are supported"):
        export_encoder(str(small_model), tmp_path / "encoder")
    assert not (tmp_path / "encoder").exists()


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    """A folder without a model is a clear error."""
    with pytest.raises(EncoderError, match="cannot be loaded"):
        export_encoder(str(tmp_path), tmp_path / "encoder")
