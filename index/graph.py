"""An exported ONNX graph made small and quick: matrices in blocks of 4 or 8 bits, operators fused."""

import tempfile
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

from index.blocks import BLOCK, Bits

# Activations are rounded to 8 bits in blocks of 32 as well, token by token: twice as fast as 32-bit floats, and a
# vector does not depend on what else is in its batch.
_INT8_ACTIVATIONS = 4


def finish(model: onnx.ModelProto, bits: Bits, out: Path) -> None:
    """Quantises and optimises the graph for CPUs of any kind and writes it to `out`."""
    _strip(model)
    config = DefaultWeightOnlyQuantConfig(
        block_size=BLOCK, is_symmetric=True, accuracy_level=_INT8_ACTIVATIONS, bits=bits
    )
    quantiser = MatMulNBitsQuantizer(model, algo_config=config)
    quantiser.process()
    with tempfile.TemporaryDirectory(prefix="graph-") as folder:
        path = str(Path(folder) / out.name)
        onnx.save(quantiser.model.model, path)
        _optimise(path, out)


def _strip(model: onnx.ModelProto) -> None:
    """Removes what the exporter notes about its own machine: source lines and paths."""
    parts: list[Any] = [model, model.graph, *model.graph.node, *model.graph.value_info]
    for part in [*parts, *model.graph.input, *model.graph.output, *model.graph.initializer]:
        part.doc_string = ""
        del part.metadata_props[:]


def _optimise(source: str, out: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(out)
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
