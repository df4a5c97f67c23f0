"""The page about undersampled k-space: what it says follows from what was measured."""

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.robustness.undersampling import FULL, LINES, RECONSTRUCTED, ZERO_FILLED
from experiments.kspace.cines import SHARED
from experiments.kspace.features import CENTRAL
from experiments.kspace.report import MATCHED, cine_rows, draw, falls, page, paired_cines, paired_rows
from experiments.kspace.settings import Settings, quick
from experiments.kspace.ways import changes
from experiments.statistics import Estimate
from tests.tiny import tiny_batch

SETTINGS = Settings()
RNG = np.random.default_rng(0)
PAID = pd.DataFrame({"acceleration": [1, 2, 4], "lines": [400, 200, 100], "seconds": [8.0, 4.0, 2.0], "MB": [4, 2, 1]})


def errors():
    """Return errors by way: those of lines are twice those of full images."""
    full = RNG.gamma(4, 1, (30, 3))
    found = {(FULL, 1.0): full}
    for acceleration in SETTINGS.accelerations:
        for way in (ZERO_FILLED, RECONSTRUCTED, MATCHED, CENTRAL):
            found[way, acceleration] = full + 0.5
        found[LINES, acceleration] = 2 * full
    return found


def found():
    """Return measures of cines; the NMSE of lines is half that of zero-filled images."""
    rows = []
    for way, factor in ((FULL, 0.0), (ZERO_FILLED, 1.0), (RECONSTRUCTED, 0.3), (SHARED, 0.6), (LINES, 0.5)):
        for acceleration in (1.0,) if way == FULL else SETTINGS.accelerations:
            for measure in ("NMSE", "SSIM", "Dice", "Dice of the myocardium"):
                about = {"way": way, "acceleration": acceleration, "measure": measure}
                rows += [about | {"subject": name, "value": factor * (1 + name / 10)} for name in range(5)]
    return pd.DataFrame(rows)


def test_the_cost_falls_as_fast_as_it_does():
    assert falls(PAID) == pytest.approx(1)
    assert falls(PAID.assign(seconds=3.0)) == pytest.approx(0)


def test_ways_are_paired_with_full_images():
    rows = paired_rows(errors())
    lines = [row for row in rows if row[0] == LINES]
    assert len(lines) == len(SETTINGS.accelerations)
    assert all(cell.startswith("+100 (+100 to +100)") for row in lines for cell in row[2:])
    assert FULL not in {row[0] for row in rows}


def test_cines_are_paired_with_zero_filling():
    ours = [row[2] for row in paired_cines(found()) if row[0] == LINES]
    assert all(cell.startswith("-0.600 (-0.") for cell in ours)
    assert len(cine_rows(found())) == 1 + 4 * len(SETTINGS.accelerations)


def test_the_page_says_that_it_is_simulated_and_how_the_aims_fared(tmp_path):
    areas = dict.fromkeys(errors(), Estimate(0.7, 0.6, 0.8))
    text = page(SETTINGS, errors(), areas, found(), PAID, 4, quick=False)
    assert "**The k-space is simulated.**" in text
    assert "2.00 times that of full images (aim: 1.25)" in text
    assert "1 / R^1.00 (aim: 0.7)" in text
    draw(tmp_path / "figure.png", errors(), found(), PAID)
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_images_of_every_way_are_made_of_the_same_batch():
    batch, made = tiny_batch(), changes(quick())
    assert list(made) == [
        (FULL, 1.0),
        *((way, at) for at in quick().accelerations for way in (ZERO_FILLED, RECONSTRUCTED)),
    ]
    assert made[FULL, 1.0](batch) is batch
    assert made[ZERO_FILLED, 4.0](batch).images.shape == batch.images.shape
