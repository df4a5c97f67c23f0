"""Write graphs as programs of torch.export, which torch runs without this package, and see that they say the same."""

import io
from pathlib import Path

import torch
from torch import Tensor

from cmr_ssl.export.comparison import TRACED, Array, check_same, graph_files, open_planes, study_of
from cmr_ssl.export.graphs import Graph
from cmr_ssl.tasks.trained import Trained

TRACES = ("stack_trace", "nn_module_stack", "source_fn_stack", "from_node")  # where on this machine the code lies


def program_files(checkpoint: Path) -> dict[str, bytes]:
    """Return the files of a task as programs by name: its graphs, checked, and what their inputs and outputs are.

    Raises:
        FileNotFoundError: if there is no checkpoint.
        ValueError: if the task has no encoder, or a program says something else than the module.
    """
    return graph_files(checkpoint, "pt2", written, check_program)


def written(graph: Graph, trained: Trained) -> bytes:
    """Return a graph as a program; the number of planes is open."""
    program = torch.export.export(graph.module, study_of(TRACED, trained), dynamic_shapes=open_planes())
    for part in program.graph_module.modules():
        for node in part.graph.nodes if isinstance(part, torch.fx.GraphModule) else ():
            for trace in TRACES:
                node.meta.pop(trace, None)
    content = io.BytesIO()
    torch.export.save(program, content)
    return content.getvalue()


def check_program(graph: Graph, content: bytes, trained: Trained) -> None:
    """Load a program and compare it with its module; raise ValueError if they differ."""
    module = torch.export.load(io.BytesIO(content)).module()

    def answer(images: Tensor, affine: Tensor) -> list[Array]:
        """Return what the program says."""
        return [tensor.detach().numpy() for tensor in module(images, affine)]

    check_same(graph, f"{graph.name}.pt2", answer, trained, "torch")
