"""Draw the worst planes of a study, their predictions, and the difference."""

from pathlib import Path

import numpy as np

from cmr_ssl.files import save
from cmr_ssl.inspection.flaw_score import FlawScore
from cmr_ssl.report.montage import montage, png, stack

SHOWN = 6  # planes
BRIGHTER = 2.0  # factor of errors, so that small ones are visible


def draw_worst(path: Path, scores: list[FlawScore]) -> None:
    """Draw the planes with the highest scores as PNG, end diastole over a frame near end systole, suspects framed."""
    worst = sorted(scores, key=lambda plane: float(np.nan_to_num(-plane.score)))[:SHOWN]
    titles = [f"{plane.title}  {plane.score:.1f}" for plane in worst]
    marked = [plane.suspect for plane in worst]
    true = np.stack([plane.examined.true.cpu().numpy() for plane in worst])
    predicted = np.stack([plane.examined.predicted.cpu().numpy() for plane in worst])
    rows = [("true", true), ("predicted", predicted), ("error x 2", np.abs(true - predicted) * BRIGHTER)]
    pictures = [
        montage([(name, cine[:, frame]) for name, cine in rows], titles, marked, tile=120)
        for frame in (0, true.shape[1] // 3)
    ]
    save(path, png(stack(pictures)))
