"""Real scans, where there are any: CMR_SSL_SCANS names a folder with Sunnybrook's ED and ES stacks in sub-folders.

CMR_SSL_ACDC names one of ACDC's patients, as the challenge hands them out; without the cines they are ED and ES, too.
"""

import json
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open

from cmr_ssl.anatomy import LV, MYOCARDIUM, RV
from cmr_ssl.cli import main
from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.planes import spacing, to_mm, to_pixels
from cmr_ssl.preparation.cache import subject_file
from cmr_ssl.preparation.cavity import find_cavity
from cmr_ssl.sources import LabelFile, NiftiFiles, NiftiFolder
from cmr_ssl.sources.nifti_files import EdEs
from tests.hearts import ENCODER
from tests.runs import ROOT

SCANS, ACDC = os.environ.get("CMR_SSL_SCANS", ""), os.environ.get("CMR_SSL_ACDC", "")
FILES = str(ROOT / "configs" / "sources" / "sunnybrook.yaml")
SUNNYBROOK = NiftiFiles(
    {"sa": EdEs("sax_ed.nii.gz", "sax_es.nii.gz")},
    [LabelFile("sa", EdEs("sax_ed_seg.nii.gz", "sax_es_seg.nii.gz"), {1: "LV", 2: "background"})],
)
SHAPE = ["--preparation.frames", "2", "--preparation.size", "64", "--preparation.spacing_mm", "2.6"]
TWO_FRAMES = json.dumps(ENCODER | {"init_args": ENCODER["init_args"] | {"patch": [1, 8, 8]}})

pytestmark = pytest.mark.skipif(not SCANS, reason="CMR_SSL_SCANS names no folder of real scans")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("real"))
    assert main(["prepare", "--source", SCANS, "--out", folder, "--files", FILES, *SHAPE]) == 0
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


def off_centre(cache, *classes):
    """Return by subject how far the middle of some classes lies from the middle of the crop, mm, and the reasons."""
    table = read_cohort(Path(cache))
    for subject, reasons in zip(table["subject"], table["reasons"], strict=True):
        with safe_open(subject_file(Path(cache), subject), "np") as file:
            labelled, labels, affine = (file.get_tensor(name) for name in ("labelled", "labels", "affine"))
        drawn = [
            to_mm(affine[plane].astype(float), np.argwhere(np.isin(drawing, classes))[:, ::-1])
            for (plane, _), drawing in zip(labelled, labels, strict=True)
        ]
        yield float(np.linalg.norm(np.concatenate(drawn).mean(axis=0)[:2])), reasons


def test_left_ventricles_of_ed_and_es_are_found(cache):
    """Labels of the LV alone do not tell where the middle of the heart is, which is that of the crop."""
    assert all(off < 25 or "certain" in reasons for off, reasons in off_centre(cache, LV))
    source, errors = NiftiFolder(Path(SCANS), SUNNYBROOK), []
    for subject in source.subjects():
        (short,) = source.read(subject).series
        places = np.argwhere(short.labels == LV)[:, :2].mean(axis=0)
        away = to_pixels(short.affine, find_cavity(short).centre[None])[0] - places
        errors.append(float(np.linalg.norm(away * spacing(short.affine))))
    assert np.median(errors) < 8


@pytest.mark.skipif(not ACDC, reason="CMR_SSL_ACDC names no folder of ACDC's patients as the challenge hands them out")
def test_the_middle_of_both_ventricles_is_that_of_the_crop_or_it_is_said_to_be_unsure(tmp_path):
    files = str(ROOT / "configs" / "sources" / "acdc.yaml")
    assert main(["prepare", "--source", ACDC, "--out", str(tmp_path), "--files", files, *SHAPE]) == 0
    found = [*off_centre(tmp_path, LV, MYOCARDIUM, RV)]
    assert np.median([off for off, _ in found]) < 8
    assert all(off < 25 or "certain" in reasons for off, reasons in found)


def test_the_blood_of_real_hearts_is_bright(cache, tmp_path):
    assert main(["qc", "--cache", cache, "--out", str(tmp_path)]) == 0
    measured = pd.read_csv(tmp_path / "measures.csv")["low-contrast"]
    assert measured.median() > 0.3
    assert (measured > 0.2).all()
