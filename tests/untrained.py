"""Checkpoints of tiny tasks that learnt nothing: what their weights say differs from heart to heart all the same."""

from copy import deepcopy
from functools import cache

import torch
from jsonargparse import ArgumentParser

from cmr_ssl.checkpoints import DATA
from cmr_ssl.planes import VIEWS
from cmr_ssl.preparation.preparation import METHOD
from cmr_ssl.tasks.base import Task
from tests.hearts import ENCODER

SIZE = {"size": 32, "spacing_mm": 5.5, "frames": 8}
WINDOW = {"darkest_percentile": 0.5, "brightest_percentile": 99.5, "min_frames": 8}
SLOTS = {"sa": 9, **dict.fromkeys(VIEWS[1:], 1)}
ENCODED = {"encoder": ENCODER}
TASKS = {
    "pretraining": (
        "cmr_ssl.tasks.PretrainingTask",
        ENCODED
        | {
            "decoder": {
                "class_path": "cmr_ssl.models.CrossAttentionDecoder",
                "init_args": {"width": 32, "depth": 1, "heads": 2},
            },
            "masking": [{"class_path": "cmr_ssl.masking.RandomMasking"}],
        },
    ),
    "phenotype": ("cmr_ssl.tasks.PhenotypeTask", ENCODED | {"targets": ["LVEF (%)", "LVEDV (mL)"]}),
    "diagnosis": (
        "cmr_ssl.tasks.PhenotypeTask",
        ENCODED
        | {
            "targets": ["Diagnosis"],
            "objective": {"class_path": "cmr_ssl.tasks.Classification", "init_args": {"classes": ["normal", "ill"]}},
        },
    ),
    "segmentation": ("cmr_ssl.tasks.SegmentationTask", ENCODED),
}


@cache
def stored(kind, depth, fractions):
    """Return the content of a checkpoint; see `write_untrained`."""
    name, options = deepcopy(TASKS[kind])
    options["encoder"]["init_args"]["depth"] = depth
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(Task, "task")
    torch.manual_seed(0)
    task = parser.instantiate(parser.parse_object(deepcopy({"task": {"class_path": name, "init_args": options}}))).task
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in task.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
    if kind == "phenotype":  # as of hearts, however little was learnt
        task.objective.mean.copy_(torch.tensor([55.0, 5.3]))  # LVEDV is a length: 150 mL
    if kind == "segmentation":
        task.drawn[:] = 1
    data = {"views": SLOTS, "preparation": SIZE | WINDOW, "split": {"fractions": [*fractions], "column": None}}
    data["method"] = METHOD
    return {"state_dict": task.state_dict(), "hyper_parameters": options | {"_class_path": name}, DATA: data}


def write_untrained(path, kind, depth=2, fractions=(0.8, 0.1, 0.1)):
    """Write a checkpoint of one of `TASKS`, with so many layers and such a split, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(stored(kind, depth, fractions), path)
    return path
