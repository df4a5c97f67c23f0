import numpy as np
import pytest
from PIL import Image

from cmr_ssl.report.risk_plots import draw_calibration, draw_decision, draw_groups
from cmr_ssl.risk_measures import Survival

RISKS = np.random.default_rng(0).uniform(0, 0.9, 40)
TIMES = np.random.default_rng(1).exponential(2 / (RISKS + 0.1))
OUTCOME = Survival(np.minimum(TIMES, 8), TIMES < 8)


@pytest.mark.parametrize(
    "draw",
    [
        lambda path, risks: draw_calibration(path, np.stack([risks, risks], axis=1), OUTCOME, [1.0, 4.0]),
        lambda path, risks: draw_groups(path, risks, OUTCOME, "heart failure"),
        lambda path, risks: draw_decision(path, {"image": risks}, OUTCOME, 4.0),
    ],
    ids=["calibration", "groups", "decision"],
)
def test_a_risk_that_means_nothing_has_another_figure(draw, tmp_path):
    pictures = []
    for risks in (RISKS, RISKS[::-1]):
        draw(tmp_path / "risk.png", risks)
        pictures.append(np.asarray(Image.open(tmp_path / "risk.png").convert("L")))
    assert pictures[0].shape != pictures[1].shape or (pictures[0] != pictures[1]).mean() > 1e-3
