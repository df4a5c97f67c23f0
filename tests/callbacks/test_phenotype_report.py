import numpy as np
import pandas as pd
import pytest
import torch
from lightning import LightningDataModule, Trainer

from cmr_ssl.callbacks.phenotype_report import PhenotypeReport, read_groups
from cmr_ssl.report.tables import file_name
from cmr_ssl.tasks import Classification, PhenotypeTask, Regression
from tests.tiny import tiny_batch, tiny_encoder

SUBJECTS = [str(900000001 + index) for index in range(8)]


class Told(LightningDataModule):
    """A cohort whose table is at hand."""

    def __init__(self, table):
        super().__init__()
        self.table = table


def report(folder, objective, predicted, true, targets, callback=None, table=None):
    """Let the callback see two batches of a test, with a blank sample at the end, and write."""
    callback = callback or PhenotypeReport()
    task = PhenotypeTask(targets, objective, tiny_encoder())
    trainer = Trainer(default_root_dir=folder, accelerator="cpu", logger=False, enable_progress_bar=False)
    trainer.datamodule = Told(table)
    half = len(SUBJECTS) // 2
    for some, ids in ((slice(half), SUBJECTS[:half]), (slice(half, None), [*SUBJECTS[half:], ""])):
        guess, truth = (torch.as_tensor(values[some], dtype=torch.float32) for values in (predicted, true))
        pad = len(ids) - len(guess)
        guess, truth = (torch.cat([values, torch.full((pad, values.shape[1]), 1e9)]) for values in (guess, truth))
        batch = tiny_batch(subjects=len(ids))._replace(subject=list(ids), phenotypes=truth)
        callback.on_test_batch_end(trainer, task, guess, batch, 0)
    callback.on_test_end(trainer, task)
    return folder / "test"


def test_numbers_are_compared_in_their_units_and_blank_samples_left_out(tmp_path):
    true = np.linspace(100, 170, 8)[:, None]
    folder = report(tmp_path, Regression(), true + 3.0, true, ["LVEDV (mL)"])
    measured = pd.read_csv(folder / "agreement.csv").set_index("target").loc["LVEDV (mL)"]
    assert measured["N"] == 8
    assert measured["MAE"] == measured["bias"] == pytest.approx(3.0, rel=1e-4)
    assert measured["Pearson"] == pytest.approx(1.0)
    assert list(pd.read_csv(folder / "predicted.csv", dtype=str)["subject"]) == SUBJECTS
    assert (tmp_path / "figures" / "agreement_LVEDV.png").is_file()


def test_a_diagnosis_is_reported_with_probabilities_and_its_area_under_the_curve(tmp_path):
    ill = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
    true = np.array([0.0, 0, 0, 0, 1, 1, 1, np.nan])[:, None]
    scores = np.stack([ill, 1 - ill], axis=1)
    folder = report(tmp_path, Classification(["ill", "well"]), scores, true, ["Diagnosis"])
    assert pd.read_csv(folder / "agreement.csv")["AUROC"].item() == pytest.approx(1.0)
    assert pd.read_csv(folder / "agreement.csv")["N"].item() == 7
    predicted = pd.read_csv(folder / "predicted.csv", keep_default_na=False)
    assert list(predicted["true"]) == ["ill"] * 4 + ["well"] * 3 + [""]
    np.testing.assert_allclose(predicted["P(ill)"], ill)


def test_subgroups_are_told_apart(tmp_path):
    table = tmp_path / "table.csv"
    sexes, ages = [0, 1] * 4, [50] * 4 + [70] * 4
    pd.DataFrame({"eid": SUBJECTS, "Sex": sexes, "Age": ages}).to_csv(table, index=False)
    groups = read_groups(table, SUBJECTS)
    assert list(groups["Sex"][:2]) == ["women", "men"]
    true = np.linspace(100, 170, 8)[:, None]
    error = np.where(np.array(sexes) == 1, 5.0, 1.0)[:, None]
    options = {"callback": PhenotypeReport(subgroups=True), "table": str(table)}
    folder = report(tmp_path / "run", Regression(), true + error, true, ["LVEDV (mL)"], **options)
    found = pd.read_csv(folder / "subgroups.csv").set_index(["group", "value"])["MAE"]
    assert found["Sex", "men"] == pytest.approx(5.0, rel=1e-4)
    assert found["Sex", "women"] == pytest.approx(1.0, rel=1e-4)
    assert len(found["Age"]) == 2


def test_file_names_have_no_units():
    assert file_name("LAV max (mL)") == "LAV_max"
    assert file_name("LVEF (%)") == "LVEF"
