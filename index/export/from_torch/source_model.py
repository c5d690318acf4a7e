"""What the exports of an encoder and of a cross-encoder share: load a model, and trace it as an ONNX graph."""

import logging
import os
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto

from index.errors import EncoderError
from index.export.model_folder import MAX_TOKENS, FloatModel

HUB_VARIABLE, HUB_ADDRESS = "HF_ENDPOINT", "https://huggingface.co"
OFFLINE_VARIABLE = "HF_HUB_OFFLINE"  # read by huggingface_hub when it is imported
HUB_TIMEOUT = 5.0  # seconds
HUB_LOGGERS = ("huggingface_hub", "sentence_transformers", "transformers")


def check_source(name: str, kind: str) -> None:
    """Refuse a folder that does not exist, and keep the libraries from waiting for a hub that does not answer.

    Call it before importing sentence-transformers, which takes seconds. What was downloaded before works offline.

    Raises:
        EncoderError: the name is that of a folder, and there is none; ``kind`` is what it is called.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return
    if path.exists() or name.startswith((".", "~")) or path.is_absolute() or len(path.parts) > 2:
        raise EncoderError(f"There is no folder {name} with the {kind}.")
    if not _is_hub_reachable():
        os.environ[OFFLINE_VARIABLE] = "1"


def _is_hub_reachable() -> bool:
    request = urllib.request.Request(os.environ.get(HUB_VARIABLE, HUB_ADDRESS), method="HEAD")  # noqa: S310
    try:
        urllib.request.urlopen(request, timeout=HUB_TIMEOUT).close()  # noqa: S310 - an address of the operator
    except urllib.error.HTTPError:
        return True  # it answers, if with an error
    except (OSError, ValueError):
        return False
    return True


def load_source(name: str, kind: str, load: Callable[[], Any]) -> Any:
    """Load a sentence-transformers model; raises EncoderError, calling the model a ``kind``, if that fails."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    for logger in HUB_LOGGERS:
        logging.getLogger(logger).setLevel(logging.CRITICAL)  # what matters is in the error
    try:
        return load()
    except Exception as error:  # the hub, the file system and each model class have their own errors
        raise EncoderError(f"The {kind} {name} cannot be loaded: {_describe_failure(name, error)}") from error


def _describe_failure(name: str, error: Exception) -> str:
    if os.environ.get(OFFLINE_VARIABLE) and not Path(name).expanduser().is_dir():
        hub = os.environ.get(HUB_VARIABLE, HUB_ADDRESS)
        return f"{hub} does not answer, and it is neither a folder here nor was it downloaded before."
    return str(error).partition("\n")[0] or type(error).__name__


def check_tokenizer(name: str, tokenizer: Any) -> None:
    """Raise EncoderError if a tokenizer is not supported."""
    if not getattr(tokenizer, "is_fast", False):
        raise EncoderError(f"{name} has no fast tokenizer (tokenizer.json), so it is not supported")


def trace_model(
    name: str, transformer: Any, tokenizer: Any, layers: Any, input_names: Sequence[str], output_name: str
) -> FloatModel:
    """Return a model whose ``layers`` are traced by torch.

    Args:
        name: as in error messages.
        transformer: the `transformers` model, whose word embeddings become a table.
        tokenizer: its fast tokenizer.
        layers: the torch module from word embeddings and further inputs to the output.
        input_names: embeddings (batch, tokens, width), then integer inputs (batch, tokens).

    Raises:
        EncoderError: torch cannot trace it.
    """
    weights = transformer.get_input_embeddings().weight.detach().numpy().astype(np.float32)
    try:
        transformer.set_attn_implementation("eager")
        graph = export_to_onnx(layers, weights.shape[1], input_names, output_name)
    except Exception as error:  # torch.onnx raises many kinds of errors
        raise EncoderError(f"{name} cannot be exported: {error}") from error
    return FloatModel(weights, graph, tokenizer.backend_tokenizer)


def export_to_onnx(module: Any, width: int, input_names: Sequence[str], output_name: str) -> ModelProto:
    """Export a torch module; inputs are embeddings (batch, tokens, width), then integers (batch, tokens)."""
    import torch

    integer_inputs = tuple(torch.ones(2, 9, dtype=torch.int64) for _ in input_names[1:])
    dynamic_shape = {
        0: torch.export.Dim("batch", min=1, max=4096),
        1: torch.export.Dim("tokens", min=1, max=MAX_TOKENS),
    }
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations within the exporter
        program = torch.onnx.export(
            module,
            (torch.randn(2, 9, width), *integer_inputs),
            dynamo=True,
            verbose=False,
            input_names=list(input_names),
            output_names=[output_name],
            dynamic_shapes=(dynamic_shape,) * len(input_names),
        )
    assert program is not None
    graph: ModelProto = program.model_proto
    return graph
