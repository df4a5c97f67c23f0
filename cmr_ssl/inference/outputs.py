"""Outputs of models for one study, as plain numbers and arrays."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.planes import VIEWS
from cmr_ssl.sample import Sample
from cmr_ssl.sources.nifti_output import write_image
from cmr_ssl.study import Finding
from cmr_ssl.tasks.encoder_task import Embedded

Vector = NDArray[np.float32]


class StudyEmbedding(NamedTuple):
    """Vectors of one study; the fields are the columns that the command `embed` writes.

    Attributes:
        subject: the id.
        whole_heart: predictions of a pretraining's decoder at fixed places, (F,); None without such a decoder.
        landmarks: means of tokens around fixed places of the heart, (landmarks * D,).
        class_token: (D,).
        mean: of all tokens, (D,).
        plane_views: view of each plane.
        plane_means: mean of each plane's tokens, (D,) each.
    """

    subject: str
    whole_heart: Vector | None
    landmarks: Vector
    class_token: Vector
    mean: Vector
    plane_views: list[str]
    plane_means: list[Vector]

    def __repr__(self) -> str:
        """Describe the vectors in one line."""
        sizes = {name: getattr(self, name) for name in ("whole_heart", "landmarks", "class_token", "mean")}
        lengths = ", ".join(f"{name} {len(vector)}" for name, vector in sizes.items() if vector is not None)
        return f"StudyEmbedding of {self.subject}: {lengths}, {len(self.plane_views)} planes"


class Prediction(NamedTuple):
    """Phenotypes, or probabilities of classes, of one study.

    Attributes:
        subject: the id.
        values: by name, in physical units; NaN where no number can be trusted.
        reason: why values are NaN; "" where none is.
        findings: of reading, preparing and the comparison with the training.
        within: half widths of the 90 % intervals of values by name; none of values that are NaN, and none at all where
            the study is unlike the training, which intervals promise nothing about. See `conformal`.
    """

    subject: str
    values: dict[str, float]
    reason: str
    findings: list[Finding]
    within: dict[str, float]

    def __repr__(self) -> str:
        """Describe the prediction in one line."""
        values = self.reason or ", ".join(map(self._described, self.values))
        return f"Prediction of {self.subject}: {values}"

    def _described(self, name: str) -> str:
        within = f" +- {self.within[name]:.2g}" if name in self.within else ""
        return f"{name} {self.values[name]:.4g}{within}"


class SyntheticPlane(NamedTuple):
    """A plane that was not acquired but predicted from the acquired ones.

    Attributes:
        images: intensities, (T, H, W) uint8, on the scale of prepared planes.
        affine: pixel (column, row, 0, 1) to scanner mm, RAS+, (4, 4).
        frame_ms: time between frames, NaN where unknown.
        description: text in the header of the file.
    """

    images: NDArray[np.uint8]
    affine: NDArray[np.float64]
    frame_ms: float
    description: str

    def save(self, path: Path | str) -> None:
        """Write the plane as NIfTI with its description."""
        data = self.images.transpose(2, 1, 0)[:, :, None]  # (T, H, W) to (X, Y, S, T)
        write_image(Path(path), data, self.affine, self.frame_ms, self.description)

    def __repr__(self) -> str:
        """Describe the plane in one line."""
        return f"SyntheticPlane: {' x '.join(map(str, self.images.shape))} (frames, rows, columns), not acquired"


def embeddings_of(batch: Sample, embedded: Embedded) -> list[StudyEmbedding]:
    """Return the vectors of each study of a batch."""
    vectors = embedded.whole_heart
    hearts = [None] * len(batch.subject) if vectors is None else list(vectors.float().cpu().numpy())
    landmarks, class_token, mean, planes = (vectors.float().cpu().numpy() for vectors in embedded.encoder)
    view, present = batch.view.cpu(), batch.present.cpu()
    return [
        StudyEmbedding(
            subject,
            hearts[index],
            landmarks[index],
            class_token[index],
            mean[index],
            [VIEWS[view] for view in view[index, present[index]].tolist()],
            list(planes[index, present[index].numpy()]),
        )
        for index, subject in enumerate(batch.subject)
    ]
