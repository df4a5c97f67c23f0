"""Write graphs as ONNX and see that onnxruntime says the same as torch, for few planes and for many."""

import warnings
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from cmr_ssl.export.comparison import TRACED, Array, check_same, graph_files, open_planes, study_of
from cmr_ssl.export.graphs import Graph
from cmr_ssl.tasks.trained import Trained

NEEDED = ("onnx", "onnxruntime", "onnxscript")
INPUTS = ("images", "affine")


def check_installed() -> None:
    """Raise ValueError unless everything that writes and checks ONNX is installed."""
    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        raise ValueError(f"--onnx needs {', '.join(lacking)}: pip install 'cmr-ssl[onnx]'")


def onnx_files(checkpoint: Path) -> dict[str, bytes]:
    """Return the files of a task as ONNX by name: its graphs, checked, and what their inputs and outputs are.

    Raises:
        FileNotFoundError: if there is no checkpoint.
        ValueError: if the task has no encoder, a package is missing, or onnxruntime says something else than torch.
    """
    check_installed()
    return graph_files(checkpoint, "onnx", written, check_runtime)


def written(graph: Graph, trained: Trained) -> bytes:
    """Return a graph as ONNX; the number of planes is open."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        program = torch.onnx.export(
            graph.module,
            study_of(TRACED, trained),
            dynamo=True,
            input_names=INPUTS,
            output_names=[*graph.outputs],
            dynamic_shapes=open_planes(),
            verbose=False,
        )
    assert program is not None  # for the type checker
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # where on this machine the code lies
        node.doc_string = None
    return bytes(program.model_proto.SerializeToString())


def check_runtime(graph: Graph, model: bytes, trained: Trained) -> None:
    """Compare onnxruntime with torch; raise ValueError if they differ."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def answer(images: Tensor, affine: Tensor) -> list[Array]:
        """Return what onnxruntime says."""
        return [*session.run(None, dict(zip(INPUTS, (images.numpy(), affine.numpy()), strict=True)))]

    check_same(graph, f"{graph.name}.onnx", answer, trained, "onnx or onnxruntime")
