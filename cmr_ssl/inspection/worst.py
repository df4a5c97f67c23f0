"""The worst planes of a study: what they show, what they should show, and the difference."""

from pathlib import Path

import numpy as np

from cmr_ssl.files import save
from cmr_ssl.inspection.flaw_score import FlawScore
from cmr_ssl.report.montage import montage, png, stack

SHOWN = 6  # planes
BRIGHTER = 2.0  # errors, so that small ones can be seen


def draw_worst(path: Path, verdicts: list[FlawScore]) -> None:
    """Draw the planes with the highest scores as PNG, end diastole over a frame near end systole, suspects framed."""
    worst = sorted(verdicts, key=lambda one: float(np.nan_to_num(-one.score)))[:SHOWN]
    titles = [f"{one.title}  {one.score:.1f}" for one in worst]
    marked = [one.suspect for one in worst]
    true = np.stack([one.examined.true.cpu().numpy() for one in worst])
    predicted = np.stack([one.examined.predicted.cpu().numpy() for one in worst])
    rows = [("true", true), ("predicted", predicted), ("error x 2", np.abs(true - predicted) * BRIGHTER)]
    pictures = [
        montage([(name, cine[:, frame]) for name, cine in rows], titles, marked, tile=120)
        for frame in (0, true.shape[1] // 3)
    ]
    save(path, png(stack(pictures)))
