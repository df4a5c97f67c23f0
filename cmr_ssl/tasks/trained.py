"""Load a whole task from its checkpoint, strictly and without running anything that is stored in it."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from jsonargparse import ArgumentError, ArgumentParser

from cmr_ssl.checkpoints import DATA, load_weights, read_checkpoint
from cmr_ssl.preparation.preparation import METHOD
from cmr_ssl.tasks.base import Task

# what earlier versions could be told and this one cannot, with the value that means it was off
GONE: dict[str, object] = {"beat": None}
BEGAN = ("AlignmentTask", "head_start")  # task and setting of how its training once began, which no longer matters


class Trained(NamedTuple):
    """A task and the data it expects.

    Attributes:
        task: with the weights of the checkpoint, in evaluation mode.
        views: planes a sample has room for, per view.
        preparation: the settings its planes were prepared with.
        split: fractions and column by which its subjects were split.
        synthetic: whether it has only seen synthetic hearts; False where the checkpoint does not tell.
        usual: what the studies of its training look like, see `data.usual`; empty where the checkpoint does not tell.
        method: version of the way in which they were prepared; 0 where the checkpoint does not tell.
    """

    task: Task
    views: dict[str, int]
    preparation: dict[str, Any]
    split: dict[str, Any]
    synthetic: bool = False
    usual: Mapping[str, Any] = MappingProxyType({})
    method: int = METHOD


def task_description(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Return class and arguments of the task of a checkpoint, as a config has them."""
    stored = checkpoint["hyper_parameters"]
    kind = stored.get("_class_path")
    gone = {key for key in GONE if key in stored and stored[key] == GONE[key]}
    gone |= {key for key in stored if (str(kind).rpartition(".")[2], key) == BEGAN}
    arguments = {key: value for key, value in stored.items() if not (key[0] == "_" or key in gone)}
    return {"class_path": kind, "init_args": arguments}


def load_task(path: Path) -> Trained:
    """Build the task a checkpoint describes, with its weights, in evaluation mode.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no checkpoint of a task this version knows.
    """
    checkpoint = read_checkpoint(path)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(Task, "task")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Attribute '.*' is an instance of")  # Lightning's, about nothing wrong
            task: Task = parser.instantiate(parser.parse_object({"task": task_description(checkpoint)})).task
    except ArgumentError as error:
        reason = " ".join(str(error).partition("Given value")[0].split())  # which is all there is, at length
        raise ValueError(f"{path} holds a task that this version does not know: {reason}") from error
    load_weights(task, checkpoint["state_dict"], path)
    data = checkpoint[DATA]
    about_data = data.get("synthetic", False), data.get("usual", {}), data.get("method", 0)  # older ones do not tell
    return Trained(task.eval(), data["views"], data["preparation"], data["split"], *about_data)
