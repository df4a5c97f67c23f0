"""Report of `test` on predicted label maps: overlap, distances, volumes, and figures."""

from pathlib import Path

import numpy as np
import pandas as pd
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from cmr_ssl.agreement import agreement
from cmr_ssl.callbacks.all_ranks import gather_from_all_ranks
from cmr_ssl.doubts import incomplete, without_structures
from cmr_ssl.overlap import Score, scores, summarise
from cmr_ssl.planes import SHORT_AXIS, VIEWS, spacing
from cmr_ssl.preparation.policy import NOTHING
from cmr_ssl.report.agreement_plots import draw_agreement
from cmr_ssl.report.maps import label_maps, phases
from cmr_ssl.report.montage import plane_titles
from cmr_ssl.report.overlays import overlay, overlay_gif
from cmr_ssl.report.tables import FOLDER, as_row, file_name, print_table, write_csv
from cmr_ssl.sample import Sample, one_of
from cmr_ssl.tasks.annotated_classes import without_untrained
from cmr_ssl.tasks.segmentation import Segmentation
from cmr_ssl.volumes import MISSING, VENTRICULAR, LabelMap, Measured, grouped, measure

Volumes = dict[str, object]

UNTIMED = ("LVCO (L/min)",)  # needs the heart rate, which samples do not have
LEFT_OUT = "data.findings leaves out slices of the short axis"


class SegmentationReport(Callback):
    """Write tables and figures into the run folder.

    ``test/scores.csv`` has a row for each structure, plane and phase, ``test/overlap.csv`` its summary,
    ``test/volumes.csv`` the volumes from predicted and from true label maps, ``test/agreement.csv`` their agreement;
    ``figures/`` has agreements, and overlays and cines of the first subjects.
    """

    def __init__(self, subjects: int = 3) -> None:
        """Choose of how many subjects overlays are drawn, the first by id, so the same in every run."""
        self.subjects, self.drawn = subjects, 0
        self.scores: list[Score] = []
        self.volumes: list[Volumes] = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Tensor,  # type: ignore[override]  # what test_step of these tasks returns
        batch: Sample,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Measure each subject of a batch; blank samples have none."""
        assert isinstance(pl_module, Segmentation)  # for the type checker
        rejected, drawn = trainer.datamodule.rejected.places, pl_module.drawn  # type: ignore[attr-defined]
        for index, subject in enumerate(batch.subject):
            if subject:
                figures = Path(trainer.default_root_dir) / "figures"
                left_out = any(view == SHORT_AXIS for view, _ in rejected.get(subject, NOTHING))
                self.add(subject, one_of(batch, index), outputs[index], figures, drawn, left_out)

    def add(
        self, subject: str, sample: Sample, predicted: Tensor, figures: Path, drawn: Tensor, left_out: bool
    ) -> None:
        """Measure one subject, and draw it if it is among the first; see `volumes_of` for the last arguments."""
        present = sample.present.cpu().numpy()
        labels, true = predicted.cpu().numpy()[present], sample.labels.cpu().numpy()[present]  # (P, T, H, W)
        affine, view = sample.affine.cpu().numpy()[present], sample.view.cpu().numpy()[present]
        annotated = sample.annotated.cpu().numpy()[present]
        maps, true_maps = label_maps(labels, affine, view), label_maps(true, affine, view)
        frames = phases(true_maps)
        steps = np.stack([spacing(plane) for plane in affine])
        self.scores += scores(labels, true, annotated, [VIEWS[index] for index in view], steps, frames, subject)
        self.volumes.append(volumes_of(subject, maps, true_maps, drawn, left_out))
        if self.drawn < self.subjects:
            self.drawn += 1
            images = (sample.images.cpu().numpy()[present] * 255).astype(np.uint8)
            titles = plane_titles(view.tolist())
            overlay(figures / f"segmentation_{subject}.png", images, labels, true, titles, sorted(frames) or [0])
            overlay_gif(figures / f"segmentation_{subject}.gif", images, labels, true, titles)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write tables and figures, in one process."""
        all_scores, volumes = gather_from_all_ranks(self.scores), pd.DataFrame(gather_from_all_ranks(self.volumes))
        self.scores, self.volumes, self.drawn = [], [], 0
        if not trainer.is_global_zero or volumes.empty:
            return
        folder = Path(trainer.default_root_dir)
        write_csv(folder / FOLDER / "scores.csv", pd.DataFrame(all_scores, columns=Score._fields))
        write_csv(folder / FOLDER / "overlap.csv", summarise(all_scores))
        write_csv(folder / FOLDER / "volumes.csv", volumes)
        names = [name.removeprefix("true ") for name in volumes if name.startswith("true ")]
        rows: list[dict[str, object]] = []
        for name in names:
            predicted, true = (volumes[f"{source} {name}"].to_numpy(np.float64) for source in ("predicted", "true"))
            if np.isfinite(predicted + true).sum() >= 3:
                rows.append(as_row(name, agreement(predicted, true)))
                draw_agreement(folder / "figures" / f"agreement_{file_name(name)}.png", predicted, true, name)
        write_csv(folder / FOLDER / "agreement.csv", pd.DataFrame(rows, columns=None if rows else ["target"]))
        print_table(rows, folder)


def volumes_of(
    subject: str, maps: dict[str, LabelMap], true_maps: dict[str, LabelMap], drawn: Tensor, left_out: bool
) -> Volumes:
    """Return the row of one subject: volumes from predicted and from true label maps, and why some are empty.

    Args:
        subject: the id.
        maps: predicted label maps by view.
        true_maps: the same, true.
        drawn: which classes were drawn in training, by view.
        left_out: whether `data.findings` leaves out slices of the short axis: then no volume is complete.
    """
    row: Volumes = {"subject": subject}
    reasons: dict[str, str] = {}
    for source, measured in (
        ("predicted", without_untrained(_complete(maps, left_out), drawn)),
        ("true", _complete(true_maps, left_out)),
    ):
        row |= {f"{source} {name}": value for name, value in measured.values.items()}
        reasons |= {f"{source} {name}": reason for name, reason in measured.reasons.items() if name not in UNTIMED}
    return row | {MISSING: "; ".join(grouped(reasons))}


def _complete(maps: dict[str, LabelMap], left_out: bool) -> Measured:
    """Measure label maps, without structures of which a part is missing."""
    doubts = dict.fromkeys(VENTRICULAR, LEFT_OUT) if left_out else incomplete(maps)
    return without_structures(measure(maps, float("nan")), doubts)
