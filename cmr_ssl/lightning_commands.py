"""fit, validate, test and predict: one LightningCLI call and the guards against its traps.

A run lives in one folder, ``trainer.default_root_dir``: its config, checkpoints, pictures and TensorBoard events.
"""

import logging
import os
import signal
import warnings
from argparse import ArgumentError
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partialmethod
from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from lightning import LightningDataModule, LightningModule, Trainer
from lightning.fabric.utilities.rank_zero import rank_zero_info
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI
from lightning.pytorch.utilities.exceptions import MisconfigurationException, SIGTERMException

import cmr_ssl.callbacks
import cmr_ssl.data.datamodule
import cmr_ssl.tasks  # noqa: F401  (importing makes bare class names work in configs)
from cmr_ssl.callbacks.kept_checkpoints import BEST, LAST, REQUEUED, checkpoint_file, resumable
from cmr_ssl.checkpoints import encoder_description, expected_columns, parse_decoder, parse_encoder, read_checkpoint
from cmr_ssl.devices import device_of, has_bfloat16
from cmr_ssl.launch import check_launch, first_process
from cmr_ssl.lock import exclusive_access, this_process
from cmr_ssl.shipped import layered
from cmr_ssl.tasks.trained import task_description

RUNS = "runs"
TERMINATED = 128 + signal.SIGTERM  # exit status, as shells tell it
ANOTHER_FOLDER = "as its run folder: wait until it is done, or name another with --trainer.default_root_dir"
CACHE = "--data.cache CACHE, the folder that `prepare` wrote"
REUSED = ("encoder", "decoder", "expected_columns")  # what a checkpoint describes where the config of a task does not
AUTO = "auto"  # for --ckpt_path: go on if there is something to go on from, else start
# what Lightning says at every start, and nobody who trains can act on
NOISE = (
    "LightningCLI's args parameter",  # we take the arguments from the command line and pass them on
    r"`isinstance\(treespec, LeafSpec\)`",  # Lightning 2.6 against torch 2.13
    "Precision bf16-mixed is not supported by the model summary",
    "The .grad attribute of a Tensor that is not a leaf",  # torch.compile looks at tensors that nobody asked for
    ".*does not have many workers",  # Lightning counts processes, but threads read
    "monai.metrics.utils get_mask_edges",  # MONAI about how MONAI calls itself
)


class RunParser(LightningArgumentParser):
    """Writes configs without checking them once more, which takes longer than to write them."""

    dump = partialmethod(LightningArgumentParser.dump, skip_validation=True)
    save = partialmethod(LightningArgumentParser.save, skip_validation=True)


# configs name the classes of task and data; the task optimises itself; nothing runs by itself
SETTINGS: dict[str, Any] = {
    "model_class": LightningModule,
    "datamodule_class": LightningDataModule,
    "subclass_mode_model": True,
    "subclass_mode_data": True,
    "auto_configure_optimizers": False,
    "seed_everything_default": 0,
    "parser_class": RunParser,
    "run": False,
}


class RunCLI(LightningCLI):
    """LightningCLI with one folder a run, honest resuming and a precision that the device has."""

    def __init__(self, command: str, options: Sequence[str]) -> None:
        """Run a method of the trainer; it is no subcommand, as a parser inside of a parser takes half as long again."""
        self.command = command
        super().__init__(
            **SETTINGS,
            save_config_kwargs={"overwrite": True},
            parser_kwargs={"exit_on_error": False, "prog": f"python -m cmr_ssl {command}"},  # main makes one sentence
            args=list(options),
        )
        self.run()

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the arguments of the method that is run, such as its checkpoint."""
        self.added = parser.add_method_arguments(Trainer, self.command, skip={*self.subcommands()[self.command]})

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Parse, then settle the run folder, which checkpoint is meant, and the model that it describes."""
        try:
            super().parse_arguments(parser, args)
        except ArgumentError as error:
            if "required: cache" in str(error):
                raise ValueError(f"data.cache has to be given: add {CACHE}") from error
            raise
        options = self.config
        folder = options.trainer.default_root_dir = str(options.trainer.default_root_dir or Path(RUNS) / self.command)
        choice = options.ckpt_path
        if not choice and self.command == "fit" and requeued(folder, os.environ):
            choice = AUTO
        options.ckpt_path = find_checkpoint(folder, choice)
        if options.ckpt_path:
            described = task_description(read_checkpoint(Path(options.ckpt_path)))
            was, now = (Namespace(class_path=one["class_path"]) for one in (described, options.model))
            check_same_model(now, was, options.ckpt_path)  # or its arguments could not be parsed
            self.config = parser.parse_object({"model": described}, options)
            check_same_model(options.model, self.config.model, options.ckpt_path)
        else:
            adopt_encoder(options.model)

    def before_instantiate_classes(self) -> None:
        """Check everything that can be checked before anything is built."""
        options, folder = self.config, self.config.trainer.default_root_dir
        check_launch(options.trainer, os.environ)
        if options.trainer.overfit_batches:
            raise ValueError(
                "trainer.overfit_batches would change the order: set --data.train_subjects to a few instead"
            )
        if self.command != "fit":
            if not options.ckpt_path:
                raise ValueError(f"{self.command} needs a trained model: add --ckpt_path best, last or FILE")
            self.save_config_callback = None  # the one in the folder is that of the training
        elif not options.ckpt_path and first_process(os.environ):
            check_unused(folder)
        if options.trainer.logger is None:
            options.trainer.logger = tensorboard(folder)
        if str(options.trainer.precision).startswith("bf16") and not has_bfloat16(
            device_of("cpu" if options.trainer.accelerator == "cpu" else "auto")
        ):
            rank_zero_info("This device has no bfloat16 arithmetic: training in float32.")
            options.trainer.precision = "32-true"

    def run(self) -> None:
        """Run it; only one process may train in a run folder, with those that it starts itself."""
        writes = self.command == "fit" and first_process(os.environ)
        folder = Path(self.config.trainer.default_root_dir)
        arguments = {name: self.config_init[name] for name in self.added}
        with exclusive_access(folder, this_process(), ANOTHER_FOLDER) if writes else nullcontext():
            getattr(self.trainer, self.command)(self.model, datamodule=self.datamodule, **arguments)
        if self.command == "fit":
            self.after_fit()

    def after_fit(self) -> None:
        """Say what came out and where it lies."""
        folder = Path(self.trainer.default_root_dir)
        values = self.trainer.callback_metrics.items()
        measured = ", ".join(f"{name} {float(value):.4g}" for name, value in values if not name.startswith("lr-"))
        if measured:  # nothing is, where a finished run was resumed
            rank_zero_info(f"\nMeasured last: {measured}")
        for what, where in (("Checkpoint", checkpoint_file(folder, BEST)), ("Pictures", folder / "figures")):
            if where.exists():
                rank_zero_info(f"{what + ':':<12}{where}")
        rank_zero_info(f"{'Curves:':<12}tensorboard --logdir {folder}")


def adopt_encoder(model: Namespace) -> None:
    """Describe what a task reuses as the checkpoint it comes from, so that nobody retypes it.

    Raises:
        FileNotFoundError: if there is no such checkpoint.
        ValueError: if it describes no encoder.
    """
    reused = model.init_args.get("encoder_checkpoint")
    if reused and model.init_args.get("encoder") is None:
        path, options = Path(reused), model.init_args
        stored = read_checkpoint(path)
        options.encoder = parse_encoder(encoder_description(stored, path), path)
        if options.get("decoder", 0) is None and options.get("whole_heart", True):
            options.decoder = parse_decoder(stored)
        if options.get("expected_columns", 0) is None:
            options.expected_columns = expected_columns(stored)


def find_checkpoint(folder: str, choice: str | None) -> str | None:
    """Turn `last` and `best` into the file in the run folder, `auto` into the newest to go on from, None if none is.

    Raises:
        FileNotFoundError: if the file is not there.
        ValueError: if it is no whole checkpoint of this project.
    """
    if choice == AUTO:
        choice = next(map(str, reversed(resumable(folder))), None)
    if not choice:
        return None
    path = checkpoint_file(folder, choice) if choice in (LAST, BEST) else Path(choice)
    if not path.is_file():
        raise FileNotFoundError(
            f"no checkpoint at {path}: leave --ckpt_path out to start a run (or say auto, which goes on if it can), or "
            "name its folder with --trainer.default_root_dir"
        )
    read_checkpoint(path)
    return str(path)


def requeued(folder: str, environment: Mapping[str, str]) -> bool:
    """Tell whether this is a job that SLURM started again, or one that goes on with what such a job left in a folder.

    Args:
        folder: of the run.
        environment: variables of this process.
    """
    again = int(environment.get("SLURM_RESTART_COUNT", "0") or 0) > 0
    return "SLURM_JOB_ID" in environment and (again or any(Path(folder).glob(REQUEUED)))


def check_unused(folder: str) -> None:
    """Raise FileExistsError where the run folder already holds a run."""
    if resumable(folder):
        raise FileExistsError(
            f"{folder} already holds a run: resume it with --ckpt_path last (auto in jobs that may be started again), "
            "or start another one in a folder of its own with --trainer.default_root_dir"
        )


def check_same_model(asked: Namespace, stored: Namespace, path: str) -> None:
    """Raise ValueError where the checkpoint describes another model than the config.

    Lightning lays what the checkpoint stores over the config, the class of the task included, and says nothing.
    """
    was, now = (dict(vars(namespace.as_flat())) for namespace in (stored, asked))
    described = {part for part in REUSED if is_described(now, part)}
    ignored = ("init_args.encoder_checkpoint", *(f"init_args.{part}" for part in {*REUSED} - described))
    differ = sorted(
        key
        for key in was.keys() | now.keys()
        if not (key in ignored or key.startswith(tuple(f"{one}." for one in ignored)))
        and plain_values(was.get(key)) != plain_values(now.get(key))
    )
    if differ:
        key = differ[0]
        raise ValueError(
            f"--ckpt_path resumes the run of {path}, but this config differs in model.{', model.'.join(differ)} "
            f"({plain_values(now.get(key))} instead of {plain_values(was.get(key))}): resume with the same config, or "
            "start a new run"
        )


def is_described(model: Mapping[str, object], part: str) -> bool:
    """Tell whether the flat config of a model describes a part of it; if not, a checkpoint does."""
    return model.get(f"init_args.{part}") is not None or f"init_args.{part}.class_path" in model


def plain_values(value: object) -> object:
    """Return a config value in the form it has after a trip through a file: tuples are lists."""
    if isinstance(value, tuple | list):
        return [plain_values(item) for item in value]
    return value.as_dict() if isinstance(value, Namespace) else value


def tensorboard(folder: str) -> Namespace:
    """Return the config of a TensorBoard logger that writes straight into the run folder."""
    arguments = Namespace(save_dir=folder, name="", version="", default_hp_metric=False)
    return Namespace(class_path="lightning.pytorch.loggers.TensorBoardLogger", init_args=arguments)


def build(arguments: Sequence[str]) -> LightningCLI:
    """Return task, data module and trainer as options of `fit` describe them; nothing runs.

    Args:
        arguments: such as ``--config FILE --data.cache CACHE``.
    """
    return LightningCLI(**SETTINGS, save_config_callback=None, args=layered(arguments))


@contextmanager
def shown_log(everything: bool) -> Iterator[None]:
    """Show on standard error what this package logs: `everything`, or only warnings."""
    log, handler = logging.getLogger("cmr_ssl"), logging.StreamHandler()
    before = log.level
    log.setLevel(logging.INFO if everything else logging.WARNING)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


def run(arguments: Sequence[str]) -> int:
    """Run one of Lightning's subcommands with `arguments` and return the exit status: 143 where SIGTERM ended it.

    Raises:
        ValueError: if the config asks for what cannot be.
    """
    for start in NOISE:
        warnings.filterwarnings("ignore", start)
    messages = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    messages.addFilter(lambda record: "litlogger" not in record.getMessage())  # an advertisement at every start
    try:
        with shown_log(first_process(os.environ)):
            RunCLI(arguments[0], layered(arguments[1:]))
    except SIGTERMException:  # Lightning's leaves with 0, as if all had been done
        rank_zero_info("Ended by SIGTERM: the same command with --ckpt_path last goes on.")
        return TERMINATED
    except MisconfigurationException as error:  # such as more devices than there are
        raise ValueError(str(error)) from error
    return 0
