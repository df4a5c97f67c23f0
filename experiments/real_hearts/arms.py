"""What is compared. An arm is data: to add one, add a line to `arms` or `looks`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cmr_ssl.models import Landmarks
from cmr_ssl.models.tokens import Patch
from cmr_ssl.probing import AsShipped, RawPixels, Readout, Tokens

RATES = (3e-3, 1e-2, 1e-3)  # the middle one first: a rehearsal tries no other
SEGMENTATION, UNET = "configs/real_hearts/segmentation.yaml", "configs/real_hearts/segmentation_unet.yaml"


class Pretraining(NamedTuple):
    """One way to pretrain, done once in each fold on the cines of its training patients.

    Attributes:
        name: of its folder.
        config: which file.
        options: what the command line says beyond the config.
        synthetic: whether it is done once, on synthetic hearts with their labels, instead.
    """

    name: str
    config: str = "configs/real_hearts/pretraining.yaml"
    options: tuple[str, ...] = ()
    synthetic: bool = False


class Arm(NamedTuple):
    """One way to segment.

    Attributes:
        name: in tables and folders.
        config: which file.
        options: what the command line says beyond the config.
        pretraining: whose encoder it starts from; None where it starts from nothing.
        start: option that is told the checkpoint of the pretraining.
        rates: learning rates, of which validation chooses.
        teacher: the arm whose network labels the unlabelled cines, and from which this one starts; None for none.
        teaches: whether its networks are kept for another arm.
    """

    name: str
    config: str
    options: tuple[str, ...] = ()
    pretraining: Pretraining | None = None
    start: str = "--model.encoder_checkpoint"
    rates: tuple[float, ...] = RATES
    teacher: "Arm | None" = None
    teaches: bool = False


class Look(NamedTuple):
    """One way to look at a heart from which ridge and logistic regression tell phenotypes and diagnosis.

    Attributes:
        name: in tables and folders.
        readout: builds what is averaged around landmarks, for patches of a size.
        pretraining: whose encoder looks; None for an untrained one.
    """

    name: str
    readout: Callable[[Landmarks, Patch], Readout]
    pretraining: Pretraining | None = None


USUAL = Pretraining("pretraining")
SYNTHETIC = Pretraining("synthetic", "configs/real_hearts/synthetic.yaml", synthetic=True)
SYNTHETIC_UNET = Pretraining("synthetic_unet", "configs/real_hearts/synthetic_unet.yaml", synthetic=True)


def encoder_of(pretraining: Pretraining) -> dict[str, Any]:
    """Return how the file that the config of a pretraining names describes its encoder."""
    config = Path(pretraining.config)
    named = yaml.safe_load(config.read_text())["model"]["init_args"]["encoder"]
    described: dict[str, Any] = yaml.safe_load((config.parent / named).read_text())
    return described


SELF_TRAINED = ", self-trained"  # how such arms end
NETWORK = "--model.network_checkpoint"
FREE = ("--model.optimisation.layer_decay", "1.0")  # all blocks learn at one rate


def arms() -> list[Arm]:
    """Return all ways to segment; from scratch means the very network that was pretrained."""
    drawn = ("--model.encoder", json.dumps(encoder_of(USUAL)), *FREE)
    synthetic = Arm("synthetic labels", SEGMENTATION, FREE, SYNTHETIC, teaches=True)
    scratch = Arm("scratch", SEGMENTATION, drawn, teaches=True)
    unet = Arm("U-Net", UNET, start=NETWORK, teaches=True)
    synthetic_unet = Arm("U-Net, synthetic labels", UNET, pretraining=SYNTHETIC_UNET, start=NETWORK, teaches=True)
    return [
        Arm("pretrained", SEGMENTATION, pretraining=USUAL),
        synthetic,
        taught_by(synthetic, FREE),
        scratch,
        taught_by(scratch, FREE),
        unet,
        taught_by(unet),
        synthetic_unet,
        taught_by(synthetic_unet),
    ]


def taught_by(teacher: Arm, options: tuple[str, ...] = ()) -> Arm:
    """Return the arm that goes on from the networks of another, with the labels that they give to unlabelled cines."""
    return Arm(
        f"{teacher.name}{SELF_TRAINED}", teacher.config, options, start=teacher.start, rates=(2e-3,), teacher=teacher
    )


def looks() -> list[Look]:
    """Return all ways to look at a heart without training anything on labels but the last linear map."""
    return [
        Look("pixels", RawPixels),
        Look("untrained tokens", tokens),
        Look("pretrained tokens", tokens, USUAL),
        Look("pretrained, as shipped", as_shipped, USUAL),
    ]


def tokens(around: Landmarks, patch: Patch) -> Readout:
    """Return the readout of tokens, whatever their patch."""
    return Tokens(around)


def as_shipped(around: Landmarks, patch: Patch) -> Readout:
    """Return the readout of tokens and patch embeddings, whatever the patch."""
    return AsShipped(around)


def pretrainings(some: list[Arm], looking: list[Look]) -> list[Pretraining]:
    """Return every pretraining that an arm or a look starts from, each once."""
    named = [*(arm.pretraining for arm in some), *(look.pretraining for look in looking)]
    return list(dict.fromkeys(pretraining for pretraining in named if pretraining))


def file_name(name: str) -> str:
    """Return the name of an arm as part of a path."""
    return name.replace(", ", "-").replace(" ", "_")
