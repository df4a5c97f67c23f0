"""The command line: data commands start at once, the training ones import Lightning."""

import gc
import json
import re
import sys
from argparse import ArgumentError
from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import signature
from itertools import takewhile

from cmr_ssl.config_keys import check_keys
from cmr_ssl.shipped import with_paths

# command: what it does; `commands` has a file and in it a function of that name, whose signature is its options
COMMANDS = {
    "demo": "show everything once on synthetic hearts, in minutes",
    "phantom": "make a synthetic cohort with exact truth",
    "import-ukb": "turn UK Biobank's zips into NIfTI folders",
    "import-dicom": "turn a hospital's DICOM studies into NIfTI folders",
    "prepare": "turn studies into a prepared cache",
    "cohort": "join a cache with phenotypes, covariates and splits in one table",
    "qc": "write a page of what is wrong with a prepared cohort, and a table of findings",
    "quantify": "measure volumes, EF and mass on label maps",
    "predict": "apply a task's checkpoint to new subjects",
    "report": "write a page a subject and a page of the cohort from predictions",
    "evaluate": "compare predictions, made here or elsewhere, with the truth, also by group",
    "repeatability": "measure how well a second scan of the same people repeats the first",
    "explore": "write a page with a map of all subjects by their embeddings",
    "export": "hand a trained model on, as a folder for hubs, as ONNX or for torch alone",
    "lists": "write labelled frames as NIfTI, with the lists that nnU-Net and MONAI train from",
    "bids": "write a cohort in the layout of BIDS, label maps as a derivative",
    "dicom-seg": "write label maps of a study that came as DICOM as DICOM-SEG",
    "synthesize": "write planes nobody acquired, with a pretrained model",
    "inspect": "tell which planes of a study look wrong, and why",
    "robustness": "measure what missing and flawed planes do to a model",
    "kspace": "make a cine of raw k-space, ISMRMRD or CMRxRecon",
    "embed": "write the embedding of every subject of a cache to parquet",
    "retrieve": "find the patients that are most alike by image and by table",
    "check-release": "refuse files that give participants or paths away",
}
WRAPPER = re.compile("Parser key|Does not validate|Problem with given class_path")
RESUMING = " (--ckpt_path auto goes on from the last checkpoint)"
TRAINING = {
    "fit": "train a task",
    "validate": "measure a checkpoint on the validation split",
    "test": "measure a checkpoint on the test split",
}


def usage() -> str:
    """Return the overview of all commands."""
    what = COMMANDS | TRAINING
    width = max(map(len, what)) + 3
    lines = [f"  {name:<{width}}{text}" for name, text in what.items()]
    commands = "\n".join(lines)
    return (
        "usage: python -m cmr_ssl COMMAND [OPTIONS]\n\nWhole-heart representations from cine cardiac MR planes.\n\n"
        f"commands:\n{commands}\n\nEach command explains itself: python -m cmr_ssl COMMAND --help"
    )


def run_command(name: str, arguments: Sequence[str]) -> int:
    """Run the data command `name` and return its exit status."""
    from jsonargparse import auto_cli

    function = name.replace("-", "_")
    run = getattr(import_module(f"cmr_ssl.commands.{function}"), function)
    if "paths" in signature(run).parameters:
        arguments = gather(arguments)
    arguments = spell_out(arguments, switches(run))
    status: int = auto_cli(run, args=list(arguments), prog=f"python -m cmr_ssl {name}", as_positional=False)
    return status


def run_training(command: str, arguments: Sequence[str]) -> int:
    """Run a command of Lightning, whose import takes a fifth longer where garbage is collected meanwhile."""
    gc.disable()
    try:
        from cmr_ssl.lightning_commands import run
    finally:
        gc.enable()
    return run([command, *arguments])


def gather(arguments: Sequence[str]) -> list[str]:
    """Return arguments with those at the beginning that are no options as the option `--paths`."""
    paths = list(takewhile(lambda argument: not argument.startswith("-"), arguments))
    return [f"--paths={json.dumps(paths)}", *arguments[len(paths) :]] if paths else list(arguments)


def switches(run: Callable[..., object]) -> set[str]:
    """Return the options of a command that say yes or no."""
    return {f"--{name}" for name, parameter in signature(run).parameters.items() if isinstance(parameter.default, bool)}


def spell_out(arguments: Sequence[str], switches: set[str]) -> list[str]:
    """Return arguments in which a switch that stands alone, like `--dicom`, says yes."""
    behind = [*arguments[1:], "-"]
    bare = [argument in switches and after.startswith("-") for argument, after in zip(arguments, behind, strict=False)]
    return [f"{argument}=true" if alone else argument for argument, alone in zip(arguments, bare, strict=True)]


def sentence(error: BaseException) -> str:
    """Return what an error says, without the layers that parsing a config wraps around it."""
    keys: list[str] = []
    while (cause := error.__cause__ or error.__context__) and WRAPPER.match(str(error)):
        key = re.match(r'Parser key "([^"]+)"', str(error))
        keys += [key[1]] if key and key[1] not in keys else []
        error = cause
    return ": ".join([*keys[-1:], " ".join(str(error).split())])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; mistakes of users and faults of machines are one sentence."""
    command, *rest = arguments if arguments is not None else sys.argv[1:] or ["--help"]
    if command in ("-h", "--help"):
        print(usage())
        return 0
    try:
        rest = with_paths(rest)
        check_keys(rest)
        if command in COMMANDS:
            return run_command(command, rest)
        if command in TRAINING:
            return run_training(command, rest)
    except (ArgumentError, ValueError, FileNotFoundError, FileExistsError, FloatingPointError) as error:
        print(f"error: {sentence(error)}", file=sys.stderr)
        return 1
    except Exception as error:
        from cmr_ssl.machine import fault_of
        from cmr_ssl.workers import silence_half_started

        fault = fault_of(error)
        if fault is None:  # a mistake of ours, whose traceback is wanted
            raise
        silence_half_started()
        print(f"error: {fault}{RESUMING if command == 'fit' else ''}", file=sys.stderr)
        return 1
    print(f"error: there is no command {command!r}\n\n{usage()}", file=sys.stderr)
    return 2
