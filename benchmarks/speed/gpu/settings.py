"""How much is measured: everything, on a device; or next to nothing, to see without one that all of it runs."""

from typing import Any, NamedTuple


class Settings(NamedTuple):
    """How much is measured.

    Attributes:
        planes: of a study of random pixels.
        batches: studies a step, our design; the last one is also compiled.
        theirs: studies a step, published design.
        served: planes of a study that is looked at alone, as often as `rounds`.
        rounds: of that.
        published: width and depth of the published design.
        model: what makes our models smaller, on the command line.
        warm: steps before the clock starts.
        steps: that are timed.
        readers: worker processes of a loader.
        seconds: for each measurement of reading and of matrix products.
        hearts: synthetic ones to pretrain on.
        seeds: of the pretrainings, side by side.
        pretraining: what the command line says beyond `configs/evidence/pretraining.yaml`.
        batch: studies a step of the pretraining.
        backend: of `torch.compile`.
    """

    planes: int = 9
    batches: tuple[int, ...] = (8, 64)
    theirs: tuple[int, ...] = (1, 8)
    served: int = 14
    rounds: int = 6
    published: tuple[int, int] = (1025, 6)
    model: tuple[str, ...] = ()
    warm: int = 10
    steps: int = 12
    readers: tuple[int, ...] = (1, 4, 8)
    seconds: float = 4.0
    hearts: int = 2400
    seeds: tuple[int, ...] = (0, 1)
    pretraining: tuple[str, ...] = (
        "--model.encoder.init_args.width=256",
        "--model.encoder.init_args.depth=8",
        "--model.encoder.init_args.heads=4",
        "--model.optimisation.learning_rate=2.0e-3",
    )
    batch: int = 64
    backend: str = "inductor"

    @property
    def compiled(self) -> dict[str, Any]:
        """What a configuration names to be compiled."""
        return {"class_path": "cmr_ssl.callbacks.Compiled", "init_args": {"backend": self.backend}}


REHEARSAL = Settings(
    planes=1,
    batches=(2,),
    theirs=(1,),
    served=1,
    rounds=1,
    published=(65, 1),
    model=(
        "--model.encoder.init_args.width=64",
        "--model.encoder.init_args.depth=1",
        "--model.encoder.init_args.heads=2",
    ),
    warm=1,
    steps=1,
    readers=(1,),
    seconds=0.5,
    hearts=12,
    seeds=(0,),
    pretraining=(
        "--model.encoder.init_args.width=64",
        "--model.encoder.init_args.depth=1",
        "--model.encoder.init_args.heads=1",
    ),
    batch=4,
    backend="eager",
)
