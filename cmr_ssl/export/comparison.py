"""Drawn studies with which a written graph is compared with the torch module it came from, few planes and many."""

import json
from collections.abc import Callable
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

DESCRIPTION = "model.json"
TRACED = 5  # planes of the study by which a graph is made
TRIED = (1, 2, 13)  # planes with which it is checked
MOST_PLANES = 256
TOLERANCE = 1e-4  # absolute, and relative to the value
SAME_LABELS = 0.9999  # of the pixels; where two classes are equally likely, rounding decides
Array = NDArray[np.generic]


def graph_files(
    checkpoint: Path,
    ending: str,
    written: Callable[[Graph, Trained], bytes],
    check: Callable[[Graph, bytes, Trained], None],
) -> dict[str, bytes]:
    """Return the files of a task by name: its graphs in a format, checked, and what their inputs and outputs are.

    Args:
        checkpoint: of the task.
        ending: of the files, without the dot.
        written: returns a graph in the format.
        check: raises ValueError if that says something else than the graph.

    Raises:
        FileNotFoundError: if there is no checkpoint.
        ValueError: if the task has no encoder, or what was written says something else.
    """
    trained = load_task(checkpoint)
    exported = graphs(trained.task)
    files = {f"{graph.name}.{ending}": written(graph, trained) for graph in exported}
    for graph in exported:
        check(graph, files[f"{graph.name}.{ending}"], trained)
    return files | {DESCRIPTION: describe(exported, trained, fingerprint(checkpoint), ending).encode()}


def open_planes() -> tuple[dict[int, torch.export.Dim], dict[int, torch.export.Dim]]:
    """Return, for the exporter, that images and affines may have any number of planes, the same of both."""
    planes = torch.export.Dim("planes", min=1, max=MOST_PLANES)
    return {0: planes}, {0: planes}


def check_same(
    graph: Graph, file: str, answer: Callable[[Tensor, Tensor], list[Array]], trained: Trained, blamed: str
) -> None:
    """Compare what was written with torch for different numbers of planes.

    Args:
        graph: what was to be written.
        file: as which.
        answer: returns what the file says of images and affines.
        trained: the task, whose preparation says how large a study is.
        blamed: packages that are at fault where the two differ.

    Raises:
        ValueError: if they differ.
    """
    for count in TRIED:
        study = study_of(count, trained)
        with torch.inference_mode():
            expected = [tensor.numpy() for tensor in graph.module(*study)]
        for name, ours, theirs in zip(graph.outputs, expected, answer(*study), strict=True):
            if not same(ours, theirs):
                raise ValueError(
                    f"{file} says something else than torch of {name} with {count} planes: this version of {blamed} "
                    "cannot be used"
                )


def same(ours: Array, theirs: Array) -> bool:
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


def describe(exported: list[Graph], trained: Trained, made_by: str, ending: str) -> str:
    """Return what inputs and outputs of files with this ending are, as JSON."""
    size, preparation = trained.preparation["size"], trained.preparation
    about: dict[str, Any] = {
        "cmr_ssl": cmr_ssl.__version__,
        "fingerprint": made_by,
        "synthetic": trained.synthetic,
        "inputs": {
            "images": f"intensities 0 to 1, float32, (planes, {preparation['frames']}, {size}, {size})",
            "affine": "pixel (column, row, 0, 1) to mm in the heart frame, float32, (planes, 4, 4)",
        },
        "preparation": preparation,
        "outputs": {f"{graph.name}.{ending}": graph.outputs for graph in exported},
    }
    return json.dumps(about, indent=1) + "\n"
