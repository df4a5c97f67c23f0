import numpy as np
from PIL import Image

from cmr_ssl.report.diagnosis_plots import draw_diagnosis


def test_a_better_test_has_another_figure(tmp_path):
    ill = np.arange(40) % 3 == 0
    pictures = []
    for weight in (0.0, 1.0):
        scores = np.random.default_rng(0).uniform(0, 0.5, 40) + 0.5 * weight * ill
        draw_diagnosis(tmp_path / "roc.png", scores, ill, "Heart failure")
        pictures.append(np.asarray(Image.open(tmp_path / "roc.png").convert("L")))
    assert (pictures[0] != pictures[1]).mean() > 1e-3
