import numpy as np
import torch
from PIL import Image

from cmr_ssl.inspection.flaw_score import FlawScore
from cmr_ssl.inspection.worst import SHOWN, draw_worst
from tests.inspection.test_calibration import plane


def test_the_planes_with_the_highest_scores_are_drawn(tmp_path):
    def drawn(*scores):
        judged = []
        for grey, score in enumerate(scores):
            shown = plane()._replace(true=torch.full((2, 4, 4), grey / 9), predicted=torch.zeros(2, 4, 4))
            judged.append(FlawScore("sa 1", shown, {}, score, ""))
        draw_worst(tmp_path / "worst.png", judged)
        return np.asarray(Image.open(tmp_path / "worst.png"))

    many = drawn(*[1.0] * SHOWN, np.nan, -2.0)
    np.testing.assert_array_equal(many, drawn(*[1.0] * SHOWN))
    assert (drawn(*[1.0] * (SHOWN - 1), 2.0) != many).any()
