"""Add a masking rule: hide whole phases of the beat, the same in all planes, and train two steps with it.

    python examples/add_a_mask.py                        # on synthetic hearts
    python examples/add_a_mask.py --scans NIFTI_DIR      # on your own

In a config, name the class by its path, like those of `cmr_ssl.masking`.
"""

import argparse
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from lightning import Trainer
from torch import Tensor

import cmr_ssl
from cmr_ssl.cli import main as command
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.masking import Masking
from cmr_ssl.models import AnatomicalPositions, CrossAttentionDecoder
from cmr_ssl.tasks import PretrainingTask

VIEWS = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 9}
PREPARATION = ["--preparation.size", "32", "--preparation.spacing_mm", "5.5", "--preparation.frames", "16"]


class PhaseMasking(Masking):
    """Hide phases of the beat: tokens of one time step are visible, or hidden, together in all planes."""

    def scores(self, noise: Tensor, present: Tensor, affine: Tensor, needed_planes: int) -> Tensor:
        """Score each token by the draw of its time step; its own draw decides within the last visible step."""
        return noise[:, :1, :, :1, :1] + 1e-3 * noise  # (B, 1, t, 1, 1) + (B, P, t, h, w)


def main() -> None:
    """Prepare hearts, train two steps, and embed nothing: what is learnt in two steps is nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=Path, help="folder with a sub-folder a subject")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        scans, cache = options.scans or Path(folder) / "scans", Path(folder) / "cache"
        if not options.scans:
            command(["phantom", "--out", str(scans), "--subjects", "3", "--preset", "small"])
        command(["prepare", "--source", str(scans), "--out", str(cache), *PREPARATION])
        encoder = cmr_ssl.Encoder(AnatomicalPositions(), patch=(4, 8, 8), width=32, depth=2, heads=2)
        decoder = partial(CrossAttentionDecoder, width=32, depth=1, heads=2)
        task = PretrainingTask(encoder, decoder, [PhaseMasking()], mask_ratio=0.75)  # one of four time steps is seen
        data = CineDataModule(str(cache), VIEWS, batch_size=2, workers=0, min_planes=3, fractions=(0.7, 0.3, 0.0))
        Trainer(accelerator="cpu", max_steps=2, limit_val_batches=0, logger=False, enable_checkpointing=False).fit(
            task, data
        )
        print(f"loss after two steps: {float(task.trainer.callback_metrics['train/loss']):.3f}")


if __name__ == "__main__":
    main()
