import numpy as np
import pytest

from cmr_ssl.report.plot import TILE, plot
from cmr_ssl.study import Study
from tests import studies


def test_every_view_is_drawn_with_labels_in_colour():
    study = studies.study(("sa", "la_4ch"), frames=8)
    grey = np.asarray(plot(study)).astype(int)
    labels = {"la_4ch": np.ones(study.images["la_4ch"].shape, np.uint8)}
    coloured = np.asarray(plot(study, labels)).astype(int)[: len(grey)]
    assert grey.shape[1] > 7 * TILE
    changed = np.abs(coloured - grey).max(axis=(0, 2)) > 0
    assert changed[-TILE // 2 :].any()
    assert not changed[: -TILE - 4].any()


def test_a_study_without_images_is_refused():
    with pytest.raises(ValueError, match="no images to draw"):
        plot(Study("900000001"))
