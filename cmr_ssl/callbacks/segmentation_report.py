"""What `test` says about predicted label maps: overlap, distances, the volumes that follow, and pictures."""

from pathlib import Path

import numpy as np
import pandas as pd
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from cmr_ssl.agreement import agreement
from cmr_ssl.callbacks.gathering import gather
from cmr_ssl.callbacks.reconstructions import plane_titles
from cmr_ssl.data.sample import Sample, one_of
from cmr_ssl.overlap import Score, scores, summarise
from cmr_ssl.planes import VIEWS, spacing
from cmr_ssl.report.agreement import draw_agreement
from cmr_ssl.report.maps import label_maps, phases
from cmr_ssl.report.overlays import overlay, overlay_gif
from cmr_ssl.report.tables import FOLDER, as_row, file_name, say, write_csv
from cmr_ssl.volumes import measure

Volumes = dict[str, object]


class SegmentationReport(Callback):
    """Write what came out into the run folder.

    ``test/scores.csv`` has a row for each structure, plane and phase, ``test/overlap.csv`` its summary,
    ``test/volumes.csv`` the volumes from predicted and from true label maps, ``test/agreement.csv`` how these agree;
    ``figures/`` has agreements, and overlays and cines of the first subjects.
    """

    def __init__(self, subjects: int = 3) -> None:
        """Choose of how many subjects overlays are drawn; the first by id, so the same in every run."""
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
        for index, subject in enumerate(batch.subject):
            if subject:
                figures = Path(trainer.default_root_dir) / "figures"
                self.add(subject, one_of(batch, index), outputs[index], figures)

    def add(self, subject: str, sample: Sample, predicted: Tensor, figures: Path) -> None:
        """Measure one subject, and draw it if it is among the first."""
        present = sample.present.cpu().numpy()
        fields = (sample.images, predicted, sample.labels, sample.affine, sample.view, sample.annotated)
        images, guess, true, affine, view, annotated = (field.cpu().numpy()[present] for field in fields)
        maps, true_maps = (label_maps(labels, affine, view) for labels in (guess, true))
        at = phases(true_maps)
        steps = np.stack([spacing(one) for one in affine])
        self.scores += scores(guess, true, annotated, [VIEWS[index] for index in view], steps, at, subject)
        found, wanted = (measure(one, float("nan")).values for one in (maps, true_maps))
        row: Volumes = {"subject": subject}
        row |= {f"predicted {name}": value for name, value in found.items()}
        row |= {f"true {name}": value for name, value in wanted.items()}
        self.volumes.append(row)
        if self.drawn < self.subjects:
            self.drawn += 1
            shown = (images * 255).astype(np.uint8), guess, true
            titles = plane_titles(view.tolist())
            overlay(figures / f"segmentation_{subject}.png", *shown, titles, sorted(at) or [0])
            overlay_gif(figures / f"segmentation_{subject}.gif", *shown, titles)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write tables and figures."""
        everything, volumes = gather(self.scores), pd.DataFrame(gather(self.volumes))
        self.scores, self.volumes, self.drawn = [], [], 0
        if not trainer.is_global_zero or volumes.empty:
            return
        folder = Path(trainer.default_root_dir)
        write_csv(folder / FOLDER / "scores.csv", pd.DataFrame(everything, columns=Score._fields))
        write_csv(folder / FOLDER / "overlap.csv", summarise(everything))
        write_csv(folder / FOLDER / "volumes.csv", volumes)
        names = [name.removeprefix("true ") for name in volumes if name.startswith("true ")]
        rows: list[dict[str, object]] = []
        for name in names:
            one, other = (volumes[f"{which} {name}"].to_numpy(np.float64) for which in ("predicted", "true"))
            if np.isfinite(one + other).sum() >= 3:
                rows.append(as_row(name, agreement(one, other)))
                draw_agreement(folder / "figures" / f"agreement_{file_name(name)}.png", one, other, name)
        write_csv(folder / FOLDER / "agreement.csv", pd.DataFrame(rows, columns=None if rows else ["target"]))
        say(rows, folder)
