import json

import pandas as pd
import pytest

from cmr_ssl.robustness.scenarios import HALF, NAMED, RANDOM
from experiments.evidence import trained
from experiments.evidence.arms import RAW, SHIPPED, TOKENS, UNTRAINED
from experiments.evidence.probes import write
from experiments.evidence.robustness.report import write_report
from experiments.evidence.robustness.settings import LABELS, Settings
from experiments.evidence.studies import ALL
from tests.experiments.evidence.test_report import predicted

COLUMNS = ["kind", "scenario", "planes", "changed", "measure", "of", "value", "low", "high", "N"]
PSNR = {"model_psnr": 20.0, "nearest_psnr": 15.0, "interpolated_psnr": 16.0, "blended_psnr": 18.5}
LEFT_OUT = {"subject": "a", "region": "base", **PSNR, "interpolated_ssim": 0.5, "blended_ssim": 0.375}
TESTS = (ALL, HALF, "noise, 3 planes")


@pytest.fixture
def measured(tmp_path):
    """Return settings of which everything was measured: what is shipped errs half as much as the best control."""
    settings = Settings(tmp_path / "evidence")
    study = settings.study
    for arm, error in [(RAW, 3.0), (UNTRAINED, 2.0), (TOKENS, 2.0), (SHIPPED, 1.0)]:
        write(study.out / "predictions" / f"{arm}.parquet", predicted(arm, arm, error, TESTS, [LABELS]))
    for run in trained.trials(settings.plan):
        folder = run.folder(study)
        folder.mkdir(parents=True)
        write(folder / "predictions.parquet", predicted("ResNet", "ResNet", 4.0, TESTS, [LABELS]))
        (folder / "run.json").write_text(json.dumps({"validation": run.rate}))
    reported(settings.embeddings, [("cosine", "whole heart", 0.91), ("identity", "whole heart", 0.8)])
    (settings.embeddings / "worst_900000007.png").write_bytes(b"picture")
    for index, one in enumerate(settings.segmenters):
        reported(one.report, [("Dice", "", 0.8 + index / 100), ("Dice of full study", "", 0.9 + index / 100)])
    tabled(settings.left_out, [LEFT_OUT, LEFT_OUT | {"region": "la_2ch", "model_psnr": 22.0}])
    tabled(settings.faults, [{"fault": "late", "faulty planes": 7, "AUROC": 0.934}])
    return settings


def reported(folder, measures):
    """Write what `robustness` writes: a scenario that is told, and one that is not."""
    scenarios = [(RANDOM, "all planes", 0), (NAMED, "one long-axis view", 0)]
    tabled(folder / "robustness.csv", [(*one, 0, *what, *[what[2]] * 2, 9) for one in scenarios for what in measures])


def tabled(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=COLUMNS if isinstance(rows[0], tuple) else None).to_csv(path, index=False)


def test_the_page_says_what_is_gained_over_the_best_control_and_what_was_measured(measured, tmp_path):
    tabled(measured.real, [LEFT_OUT | {"region": "la_2ch", "model_psnr": 13.0}])
    write_report(measured, tmp_path)
    page = (tmp_path / "robustness.md").read_text()
    ours, other = measured.segmenters
    for line in (
        "**With half of the planes, what is shipped makes the error smaller than the best control does, by (%): "
        f"LVEF 50 [50, 50]* (against {UNTRAINED})",
        "| noise, 3 planes | 4.50 | 3.00 | 6.00 | 3.00 | 1.50* |",
        "| all planes | 0.910 / 0.80 |",
        "| base | 20.0 | 18.5 | 16.0 | 15.0 |",
        "| all planes | 21.0 | 18.5 | 16.0 | 15.0 |",
        "| la_2ch | 13.0 | 18.5 | 16.0 | 15.0 |",  # of real hearts
        "+2.50 [+2.50, +2.50] dB and -0.12 [-0.12, -0.12] of SSIM",
        "| late | 7 | 0.934 |",
        f"| scenario | {ours.name} | {ours.name}, full study | {other.name} | {other.name}, full study |",
        "| all planes | " + " | ".join(f"{one:.3f} ({one:.3f} to {one:.3f})" for one in (0.8, 0.9, 0.81, 0.91)) + " |",
    ):
        assert line in page
    assert "one long-axis view" not in page
    assert (tmp_path / "robustness_worst.png").read_bytes() == b"picture"
    assert (tmp_path / "robustness.png").stat().st_size > 1000


def test_the_page_leaves_out_what_was_not_measured(measured, tmp_path):
    measured.faults.unlink()
    (measured.segmenters[0].report / "robustness.csv").unlink()
    write_report(measured, tmp_path)
    page = (tmp_path / "robustness.md").read_text()
    assert measured.segmenters[0].name not in page
    assert measured.segmenters[1].name in page
    assert "Faults" not in page
    assert "real hearts" not in page
