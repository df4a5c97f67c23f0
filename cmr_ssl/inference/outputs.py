"""What models say of one study, as plain numbers and arrays."""

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
    """Vectors that stand for one study; the fields are the columns that the command `embed` writes.

    Attributes:
        subject: the id.
        whole_heart: what the decoder of a pretraining says about fixed places, (F,); None where no decoder can tell.
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
        told = ", ".join(f"{name} {len(vector)}" for name, vector in sizes.items() if vector is not None)
        return f"StudyEmbedding of {self.subject}: {told}, {len(self.plane_views)} planes"


class Prediction(NamedTuple):
    """Phenotypes, or probabilities of classes, of one study.

    Attributes:
        subject: the id.
        values: by name, in physical units; NaN where no number can be believed.
        reason: why that is so; "" where all are numbers.
        findings: what was noted, repaired or set aside, and how the study compares with the training.
    """

    subject: str
    values: dict[str, float]
    reason: str
    findings: list[Finding]

    def __repr__(self) -> str:
        """Describe the prediction in one line."""
        told = self.reason or ", ".join(f"{name} {value:.4g}" for name, value in self.values.items())
        return f"Prediction of {self.subject}: {told}"


class SyntheticPlane(NamedTuple):
    """A plane that nobody acquired, as a model sees it in the acquired ones.

    Attributes:
        images: intensities, (T, H, W) uint8, on the scale of prepared planes.
        affine: pixel (column, row, 0, 1) to scanner mm, RAS+, (4, 4).
        frame_ms: time between frames, NaN where unknown.
        description: says, in the file, what it is.
    """

    images: NDArray[np.uint8]
    affine: NDArray[np.float64]
    frame_ms: float
    description: str

    def save(self, path: Path | str) -> None:
        """Write the plane as NIfTI that says what it is."""
        data = self.images.transpose(2, 1, 0)[:, :, None]  # (T, H, W) to (X, Y, S, T)
        write_image(Path(path), data, self.affine, self.frame_ms, self.description)

    def __repr__(self) -> str:
        """Describe the plane in one line."""
        return f"SyntheticPlane: {' x '.join(map(str, self.images.shape))} (frames, rows, columns), not acquired"


def embeddings_of(batch: Sample, embedded: Embedded) -> list[StudyEmbedding]:
    """Return the vectors of each study of a batch."""
    told = embedded.whole_heart
    hearts = [None] * len(batch.subject) if told is None else list(told.float().cpu().numpy())
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
