"""Real scans, where there are any: CMR_SSL_SCANS names a folder with Sunnybrook's ED and ES stacks in sub-folders."""

import json
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cli import main
from tests.hearts import ENCODER
from tests.runs import ROOT

SCANS = os.environ.get("CMR_SSL_SCANS", "")
FILES = str(ROOT / "configs" / "sources" / "sunnybrook.yaml")
TWO_FRAMES = json.dumps(ENCODER | {"init_args": ENCODER["init_args"] | {"patch": [1, 8, 8]}})

pytestmark = pytest.mark.skipif(not SCANS, reason="CMR_SSL_SCANS names no folder of real scans")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("real"))
    shape = ["--preparation.frames", "2", "--preparation.size", "64", "--preparation.spacing_mm", "2.6"]
    assert main(["prepare", "--source", SCANS, "--out", folder, "--files", FILES, *shape]) == 0
    return folder


def run(verb, config, cache, folder, *more):
    data = ["--data.cache", cache, "--data.views", '{"sa": 12}', "--data.workers", "0", "--data.batch_size", "2"]
    data += ["--data.fractions", "[0.5, 0.25, 0.25]", "--model.encoder", TWO_FRAMES]
    trainer = ["--trainer.default_root_dir", str(folder), "--trainer.max_epochs", "2", "--trainer.accelerator", "cpu"]
    trainer += ["--trainer.enable_progress_bar", "false", "--trainer.log_every_n_steps", "1"]
    return main([verb, "--config", str(ROOT / "configs" / f"{config}.yaml"), *data, *trainer, *more])


def predict(folder, out):
    checkpoint = str(folder / "checkpoints" / "best.ckpt")
    options = ["--checkpoint", checkpoint, "--source", SCANS, "--files", FILES, "--out", str(out)]
    assert main(["predict", *options]) == 0
    return pd.read_csv(out / "phenotypes.csv", keep_default_na=False)


def test_ed_and_es_alone_are_segmented_from_end_to_end(cache, tmp_path):
    small = ["--model.head.channels", "4", "--model.frames", "2"]
    assert run("fit", "segmentation", cache, tmp_path / "run", *small) == 0
    assert run("test", "segmentation", cache, tmp_path / "run", *small, "--ckpt_path", "best") == 0
    overlap = pd.read_csv(tmp_path / "run" / "test" / "overlap.csv")
    assert set(overlap["phase"]) == {"ED", "ES"}
    assert set(overlap["structure"]) == {"LV"}  # nobody drew anything else at both
    assert pd.read_csv(tmp_path / "run" / "test" / "volumes.csv")["true LVEF (%)"].between(5, 90).all()
    table = predict(tmp_path / "run", tmp_path / "out")
    assert (table["status"] == "predicted").all()
    for subject in table["subject"]:
        image = nib.load(Path(SCANS) / subject / "sax_ed.nii.gz")
        labels = nib.load(tmp_path / "out" / subject / "seg6_sa.nii.gz")
        assert labels.shape == (*image.shape[:3], 2)
        assert np.isfinite(labels.affine).all()


def test_ed_and_es_alone_tell_phenotypes_from_end_to_end(cache, tmp_path):
    patients = pd.read_csv(Path(SCANS) / "patients.csv")
    patients = patients.rename(columns={"patient": "subject", "lv_ef_percent": "LVEF (%)", "lv_edv_ml": "LVEDV (mL)"})
    patients.to_csv(tmp_path / "patients.csv", index=False)
    table = ["--data.table", str(tmp_path / "patients.csv"), "--model.targets", "[LVEF (%), LVEDV (mL)]"]
    assert run("fit", "phenotype", cache, tmp_path / "run", *table) == 0
    assert run("test", "phenotype", cache, tmp_path / "run", *table, "--ckpt_path", "best") == 0
    predicted = predict(tmp_path / "run", tmp_path / "out")
    assert (predicted["status"] == "predicted").all()
    assert predicted["LVEDV (mL)"].between(0, 1000).all()
