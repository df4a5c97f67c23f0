"""Write graphs as ONNX and see that onnxruntime says the same as torch, for few planes and for many."""

import json
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import cmr_ssl
from cmr_ssl.checkpoints import fingerprint
from cmr_ssl.export.graphs import Graph, graphs
from cmr_ssl.tasks.trained import Trained, load_task

NEEDED = ("onnx", "onnxruntime", "onnxscript")
INPUTS = ("images", "affine")
TRACED = 5  # planes of the study by which a graph is made
TRIED = (1, 2, 13)  # planes with which it is checked
MOST_PLANES = 256
TOLERANCE = 1e-4  # absolute, and relative to the value
SAME_LABELS = 0.9999  # of the pixels; where two classes are equally likely, rounding decides
DESCRIPTION = "model.json"


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
    trained = load_task(checkpoint)
    exported = graphs(trained.task)
    files = {f"{graph.name}.onnx": written(graph, trained) for graph in exported}
    for graph in exported:
        check_same(graph, files[f"{graph.name}.onnx"], trained)
    return files | {DESCRIPTION: describe(exported, trained, fingerprint(checkpoint)).encode()}


def written(graph: Graph, trained: Trained) -> bytes:
    """Return a graph as ONNX; the number of planes is open."""
    planes = torch.export.Dim("planes", min=1, max=MOST_PLANES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        program = torch.onnx.export(
            graph.module,
            study_of(TRACED, trained),
            dynamo=True,
            input_names=INPUTS,
            output_names=[*graph.outputs],
            dynamic_shapes=({0: planes}, {0: planes}),
            verbose=False,
        )
    assert program is not None  # for the type checker
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # where on this machine the code lies
        node.doc_string = None
    return bytes(program.model_proto.SerializeToString())


def check_same(graph: Graph, model: bytes, trained: Trained) -> None:
    """Compare onnxruntime with torch for different numbers of planes.

    Raises:
        ValueError: if they differ.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    for count in TRIED:
        study = study_of(count, trained)
        with torch.inference_mode():
            expected = [tensor.numpy() for tensor in graph.module(*study)]
        results = session.run(None, {name: tensor.numpy() for name, tensor in zip(INPUTS, study, strict=True)})
        for name, ours, theirs in zip(graph.outputs, expected, results, strict=True):
            if not same(ours, theirs):
                raise ValueError(
                    f"{graph.name}.onnx says something else than torch of {name} with {count} planes: this version of "
                    "onnx or onnxruntime cannot be used"
                )


def same(ours: NDArray[np.generic], theirs: NDArray[np.generic]) -> bool:
    """Tell whether two outputs are the same: whole numbers in nearly all places, others to 1e-4."""
    if ours.shape != theirs.shape:
        return False
    if ours.dtype.kind in "ui":
        return bool((ours == theirs).mean() >= SAME_LABELS)
    return bool(np.allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE))


def study_of(planes: int, trained: Trained) -> tuple[Tensor, Tensor]:
    """Return drawn images (P, T, H, W) and affines (P, 4, 4) of planes through the heart, long and short axis."""
    generator = torch.Generator().manual_seed(planes)
    size, step = trained.preparation["size"], trained.preparation["spacing_mm"]
    images = torch.rand(planes, trained.preparation["frames"], size, size, generator=generator)
    affine = torch.eye(4).repeat(planes, 1, 1)
    affine[:, :3, :3] *= step
    affine[::3, :3, 1] = torch.tensor([0.0, 0.0, step])  # every third is a long axis
    affine[:, :3, 3] = (
        20 * torch.randn(planes, 3, generator=generator) - step * size / 2 * affine[:, :3, :2].sum(-1) / step
    )
    return images, affine


def describe(exported: list[Graph], trained: Trained, fingerprint: str) -> str:
    """Return what inputs and outputs are, as JSON."""
    size, preparation = trained.preparation["size"], trained.preparation
    about: dict[str, Any] = {
        "cmr_ssl": cmr_ssl.__version__,
        "fingerprint": fingerprint,
        "synthetic": trained.synthetic,
        "inputs": {
            "images": f"intensities 0 to 1, float32, (planes, {preparation['frames']}, {size}, {size})",
            "affine": "pixel (column, row, 0, 1) to mm in the heart frame, float32, (planes, 4, 4)",
        },
        "preparation": preparation,
        "outputs": {f"{graph.name}.onnx": graph.outputs for graph in exported},
    }
    return json.dumps(about, indent=1) + "\n"
