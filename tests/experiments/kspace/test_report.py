"""The page about undersampled k-space: what it says follows from what was measured."""

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.robustness.undersampling import FULL, LINES, RECONSTRUCTED, ZERO_FILLED
from experiments.kspace.cines import DICE, DICE_OF_THE_SAME
from experiments.kspace.features import CENTRAL, TAUGHT
from experiments.kspace.figure import OF_THE_SAME
from experiments.kspace.report import cine_rows, draw, lvef_rows, page, phenotype_rows, ways
from experiments.kspace.settings import Settings, quick
from experiments.kspace.verdict import falls, verdict
from experiments.kspace.ways import RECONSTRUCTIONS, SHARED, changes
from experiments.statistics import Estimate
from tests.tiny import tiny_batch

SETTINGS = Settings()
RNG = np.random.default_rng(0)
FULL_ERRORS = RNG.gamma(4, 1, (30, 3))
FACTORS = {FULL: 1.0, LINES: 2.0, TAUGHT: 1.1, TAUGHT + OF_THE_SAME: 1.3, CENTRAL: 3.0, ZERO_FILLED: 1.6}
PAID = pd.DataFrame({"acceleration": [1, 2, 4], "lines": [400, 200, 100], "seconds": [8.0, 4.0, 2.0], "MB": [4, 2, 1]})


def errors():
    """Return errors by way: those of lines are twice those of full images."""
    return {(name, at): FACTORS.get(name, 1.2) * FULL_ERRORS for name, _, at, *_ in ways(SETTINGS)}


def found():
    """Return measures of cines; the Dice of shared lines is 0.02 below that of full images."""
    rows = []
    for way, less in ((FULL, 0.0), (ZERO_FILLED, 0.3), (SHARED, 0.02), (RECONSTRUCTED, 0.1), (LINES, 0.2)):
        for acceleration in (1.0,) if way == FULL else SETTINGS.accelerations:
            for measure in ("NMSE", "SSIM", DICE, DICE_OF_THE_SAME):
                about = {"way": way, "acceleration": acceleration, "measure": measure}
                rows += [about | {"subject": name, "value": 0.7 - less + name / 100} for name in range(5)]
    return pd.DataFrame(rows)


def test_the_cost_falls_as_fast_as_it_does():
    assert falls(PAID) == pytest.approx(1)
    assert falls(PAID.assign(seconds=3.0)) == pytest.approx(0)


def test_aims_are_reached_or_missed_by_what_was_measured():
    lvef, below, lines, dice, _, cost = verdict(errors(), found(), PAID, 8.0).splitlines()
    assert "1.10 times (aim: 1.25, reached)" in lvef
    assert "differs by -31 (-31 to -31) %" in below
    assert below.endswith("(aim: below 0, reached and missed).")
    assert "2.00 times full images (aim: 1.25, missed)" in lines
    assert "less by 0.020 (0.020 to 0.020) (aim: at most 0.03, reached)" in dice
    assert "1 / R^1.00 (aim: 0.7, reached)" in cost
    worse = found().assign(value=lambda table: table["value"] - 0.05 * (table["measure"] == DICE_OF_THE_SAME))
    assert "at most 0.03, missed" in verdict(errors(), worse, PAID, 8.0)


def test_ways_are_paired_with_full_images():
    rows = {row[0]: row for row in phenotype_rows(errors(), dict.fromkeys(errors(), Estimate(0.7, 0.6, 0.8)), 8.0)}
    assert rows[LINES][4] == "+100 (+100 to +100)"
    assert rows[FULL][4] == ""
    assert len(lvef_rows(errors(), SETTINGS.accelerations)) == len(rows) - 2  # full images, and compressed sensing
    assert len(cine_rows(found())) == 1 + 4 * len(SETTINGS.accelerations)


def test_the_page_says_first_that_it_is_simulated_and_how_the_aims_fared(tmp_path):
    areas = dict.fromkeys(errors(), Estimate(0.7, 0.6, 0.8))
    text = page(SETTINGS, errors(), areas, found(), PAID, 4, quick=False)
    parts = [
        "**The k-space is simulated.**",
        "## What it says",
        "reached",
        "## Phenotypes at R = 8",
        "## How to use it",
    ]
    assert sorted(parts, key=text.index) == parts
    draw(tmp_path / "figure.png", errors(), found(), PAID)
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_images_of_every_way_are_made_of_the_same_batch():
    batch, made = tiny_batch(), changes(quick())
    assert list(made) == [(FULL, 1.0), *((way, at) for at in quick().accelerations for way in RECONSTRUCTIONS)]
    assert made[FULL, 1.0](batch) is batch
    assert made[ZERO_FILLED, 4.0](batch).images.shape == batch.images.shape


def test_nobody_looks_at_the_published_hearts_by_the_way():
    assert quick().hearts == quick().cohort
    assert Settings().hearts != Settings().cohort
