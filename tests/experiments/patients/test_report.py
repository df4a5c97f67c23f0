import numpy as np
import pytest

from cmr_ssl.risk_measures import Survival
from experiments.patients.features import MASKED, SCRATCH
from experiments.patients.measured import ALIGNED, ALONE, DIAGNOSES, PHENOTYPES
from experiments.patients.report import CONTROL, FUSED, HALF, POORLY, WHOLE, write_report
from experiments.patients.risk import Risks
from experiments.patients.run import Measured, read, written
from experiments.patients.settings import Settings

SUBJECTS = 50


@pytest.fixture
def measured():
    """Return measurements of which the aligned arm is best, and the fused risk as good as the best possible."""
    rng = np.random.default_rng(0)
    found = {WHOLE: 0.5, POORLY: 0.45, HALF: 0.3, CONTROL: 0.01}
    alignments = {f"found, {name}": np.full((2, SUBJECTS, 2), share) for name, share in found.items()}
    numbers, ill = rng.normal(size=(SUBJECTS, len(PHENOTYPES))), rng.random((SUBJECTS, len(DIAGNOSES))) < 0.4
    true = np.concatenate([numbers, ill], 1)
    for arm, noise in ((ALIGNED, 0.1), (ALONE, 1.0), (MASKED, 2.0), (SCRATCH, 4.0)):
        alignments[f"told, {arm}"] = true + noise * rng.normal(size=(2, 2, *true.shape))
    hazard = rng.normal(size=SUBJECTS)
    outcome = Survival(np.exp(-hazard) + 0.1, rng.random(SUBJECTS) < 0.6)
    fused = {"covariates": rng.normal(size=SUBJECTS), FUSED: hazard}
    counts = {"learnt": 9, "ill learnt": 4, "tested": SUBJECTS, "ill": int(outcome.events.sum())}
    risks = Risks(fused | {"best possible": hazard}, outcome, dict.fromkeys(fused, (0.7, 0.1)), counts)
    return Measured(alignments, true, risks)


def test_the_page_says_first_which_aims_were_reached_and_draws_a_figure(tmp_path, measured, monkeypatch):
    monkeypatch.setattr("experiments.patients.report.RESAMPLES", 20)
    (tmp_path / "risk.json").write_text(written(measured.risk))
    write_report(Settings(), measured._replace(risk=read(tmp_path / "risk.json")), tmp_path)
    verdict = (tmp_path / "patients.md").read_text().partition("## What it says")[2].partition("![")[0]
    assert "of 100 tables, the image finds the right one first in 50 %" in " ".join(verdict.split())
    assert verdict.count("**reached**") == 5
    assert verdict.count("**missed**") == 1  # half of the fields missing
    assert (tmp_path / "patients.png").stat().st_size > 10_000
