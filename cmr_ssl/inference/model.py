"""A trained model and its methods for studies."""

from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from cmr_ssl.checkpoints import fingerprint
from cmr_ssl.devices import device_of, fast_precision
from cmr_ssl.doubts import impossible_values
from cmr_ssl.files import checkpoint_at
from cmr_ssl.inference.blending import cines_at
from cmr_ssl.inference.hub_models import is_id, local_folder
from cmr_ssl.inference.label_maps import LabelMaps
from cmr_ssl.inference.outputs import Prediction, StudyEmbedding, SyntheticPlane, embeddings_of
from cmr_ssl.inference.prepared import Prepared, prepare
from cmr_ssl.planes import normal
from cmr_ssl.preparation.crop import place_crop
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.preparation.views import HEART_RADIUS_MM
from cmr_ssl.study import Study, check_study
from cmr_ssl.tasks.base import Task
from cmr_ssl.tasks.encoder_task import EncoderTask
from cmr_ssl.tasks.phenotype import PhenotypePrediction
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.segmentation import Segmentation
from cmr_ssl.tasks.structure_confidence import Confidence
from cmr_ssl.tasks.trained import Trained, load_task
from cmr_ssl.trust import planes_left_out, unlike_training, unsized, without_short_axis

AnyTask = TypeVar("AnyTask", bound=Task)


class Model:
    """A trained model, which prepares every study as its training did.

    Every method takes one study. For several, loop: only one is then in memory. For a cohort, the commands `prepare`
    and `embed` work in batches.

    Attributes:
        trained: the task and the settings of its data.
        device: on which it computes.
        name: of the file it was loaded from.
        fingerprint: of the checkpoint.
    """

    def __init__(self, trained: Trained, device: torch.device, name: str = "this model", fingerprint: str = "") -> None:
        """Move a trained task to a device."""
        trained.task.to(device)
        self.trained, self.device, self.name, self.fingerprint = trained, device, name, fingerprint

    @classmethod
    def of(cls, task: Task, views: dict[str, int], preparation: Preparation, device: str = "cpu") -> "Model":
        """Return a model of a task built or trained in Python.

        Args:
            task: on any device.
            views: planes it has room for, per view.
            preparation: of the planes it expects.
            device: cpu, cuda, or auto for cuda where there is one.
        """
        trained = Trained(task.eval(), views, asdict(preparation), {})
        return cls(trained, device_of(device), f"a {type(task).__name__} made in Python")

    @property
    def can(self) -> tuple[str, ...]:
        """The names of the methods that this task supports."""
        return self.trained.task.can

    def prepare(self, study: Study, views: dict[str, int] | None = None) -> Prepared:
        """Prepare a study as the training did; its batch has room for `views`, None for every plane.

        Raises:
            TypeError: if it is no study.
            ValueError: if there is nothing usable, saying why.
        """
        check_study(study)
        return prepare(study, self.trained, self.device, views)

    @torch.inference_mode()
    def embed(self, study: Study) -> StudyEmbedding:
        """Return the vectors that the command `embed` writes; raise ValueError without an encoder or a usable study."""
        task = self.encoder_task()
        batch = self.prepare(study, self.trained.views).batch
        return embeddings_of(batch, task.embed(batch))[0]

    @torch.inference_mode()
    def predict(self, study: Study) -> Prediction:
        """Return phenotypes in physical units, or probabilities, as the command `predict` writes them.

        What no heart can have, or cannot be predicted from the study, is NaN, with the reason.

        Raises:
            ValueError: if the model predicts no phenotypes, or nothing of the study is usable.
        """
        task = self._task("predict", PhenotypePrediction)  # type: ignore[type-abstract]  # only asked for
        heart = self.prepare(study, self.trained.views)
        findings = heart.findings + planes_left_out(self.trained, heart.planes)
        with fast_precision(self.device):
            values = task.outputs(heart.batch).values[0].tolist()
        reason = without_short_axis(self.trained, heart.planes, findings) or unsized(heart.study, findings)
        by_name = dict(zip(task.objective.names(task.targets), values, strict=True))
        doubts = dict.fromkeys(by_name, reason) if reason else impossible_values(by_name)
        trusted = {name: float("nan") if name in doubts else value for name, value in by_name.items()}
        within = {} if unlike_training(findings) else task.objective.half_widths(task.targets)
        within = {name: width for name, width in within.items() if name not in doubts}
        return Prediction(study.subject, trusted, "; ".join(dict.fromkeys(doubts.values())), findings, within)

    @torch.inference_mode()
    def segment(self, study: Study) -> LabelMaps:
        """Return label maps of all planes and frames; raise ValueError if it does not segment or nothing is usable."""
        task = self._task("segment", Segmentation)  # type: ignore[type-abstract]  # only asked for
        heart = self.prepare(study)
        with fast_precision(self.device):
            labels, confidence = task.segment_with_confidence(heart.batch)
        compared = Confidence(confidence[0].cpu(), task.least_confidence.cpu())
        return LabelMaps(heart, labels[0].cpu().numpy(), task.drawn, compared)

    @torch.inference_mode()
    def plane(self, study: Study, affine: NDArray[np.floating]) -> SyntheticPlane:
        """Return a plane that nobody acquired, cropped around the heart; as the command `synthesize` writes it.

        Args:
            study: the acquired planes.
            affine: pixel (column, row, 0, 1) to scanner mm, RAS+, (4, 4); of a NIfTI file with one slice, its own.
                Columns and rows run as it says; pixels are as large as those of the training.

        Raises:
            ValueError: if the model cannot synthesise planes, the study is not usable, the affine is invalid, or the
                plane misses the heart.
        """
        self.check_planes()
        requested = np.asarray(affine, dtype=np.float64)
        if requested.shape != (4, 4) or not np.isfinite(requested).all():
            raise ValueError(f"the affine of a plane is 4 x 4 finite numbers, pixel to scanner mm, not {requested}")
        heart = self.prepare(study)
        to_heart = heart.planes.to_heart
        centre = np.asarray(np.linalg.inv(to_heart)[:3, 3], dtype=np.float64)
        distance = abs(float(normal(requested) @ (centre - requested[:3, 3])))
        if distance > HEART_RADIUS_MM:
            raise ValueError(f"the plane passes {distance:.0f} mm from the heart's centre: is it this subject's?")
        crop = place_crop(requested, centre, heart.planes.images.shape[-1], self.trained.preparation["spacing_mm"])
        images = self.cines_at(heart, (to_heart @ crop.affine)[None])[0]
        return SyntheticPlane(images, crop.affine, heart.beat_ms / len(images), self.description)

    @torch.inference_mode()
    def cines_at(self, heart: Prepared, affine: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Synthesise planes anywhere in a prepared heart over the beat, (Q, T, H, W); see `blending.cines_at`."""
        with fast_precision(self.device):
            return cines_at(self._task("plane", PretrainingTask), heart.batch, affine)

    def check_planes(self) -> None:
        """Raise ValueError unless it can synthesise planes."""
        if isinstance(self.trained.task, PretrainingTask) and "plane" not in self.can:
            raise ValueError(
                f"{self.name} knows planes by their index only, so it cannot be asked for one that nobody acquired: "
                "pretrain with cmr_ssl.models.AnatomicalPositions"
            )
        self._task("plane", PretrainingTask)

    @property
    def description(self) -> str:
        """The description in the header of synthesised planes."""
        return f"synthesised by cmr_ssl, not acquired; model {self.fingerprint}"

    def encoder_task(self) -> EncoderTask:
        """Return the task with its encoder; raise ValueError if it has none."""
        return self._task("embed", EncoderTask)

    def _task(self, method: str, kind: type[AnyTask]) -> AnyTask:
        """Return the task for a method; raise ValueError, naming the methods it supports, if this is none of them."""
        task = self.trained.task
        if not isinstance(task, kind) or method not in self.can:
            able = " or ".join(f"{name}()" for name in self.can) or "nothing"
            raise ValueError(f"{self.name} is of a {type(task).__name__}, which has no {method}(): ask it for {able}")
        return task

    def __repr__(self) -> str:
        """Describe the model and its methods in one line."""
        return f"Model {self.name}: a {type(self.trained.task).__name__} on {self.device}, can {', '.join(self.can)}"


def load(path: Path | str, device: str = "auto", download: bool = False) -> Model:
    """Load a trained model.

    Args:
        path: a checkpoint, the folder of a run, any folder with one checkpoint, or one that `export --hub` wrote; of
            any task. Or the id of such a folder on a hub, owner/name, where `huggingface_hub` is installed.
        device: cpu, cuda, or auto for cuda where there is one.
        download: whether to download from the hub what is not in the local cache; without it no network is used.

    Raises:
        FileNotFoundError: if there is no checkpoint.
        ValueError: if it is of no task that this version knows, or there is no such device.
    """
    checkpoint = checkpoint_at(local_folder(str(path), download) if is_id(path) else Path(path))
    chosen = device_of(device)
    return Model(load_task(checkpoint), chosen, str(path), fingerprint(checkpoint))
