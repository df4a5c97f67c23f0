"""Raw k-space from files that the tests write; without h5py there is one sentence."""

import sys

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cli import main
from tests.kspace.raw_writer import measured, write_cmrxrecon, write_ismrmrd

KSPACE, MASK, IMAGES = measured()


def said_of(capsys, *options):
    status = main(["kspace", *map(str, options)])
    told = capsys.readouterr()
    return status, told.err if status else told.out


def test_a_cine_is_reconstructed_where_its_file_says(h5py, tmp_path, capsys):
    source = write_ismrmrd(h5py, tmp_path / "raw.h5", KSPACE, MASK)
    status, said = said_of(capsys, "--source", source, "--out", tmp_path / "out", "--frame_ms", 40, "--device", "cpu")
    assert status == 0
    assert "2 slices, 12 frames, 3 coils, acceleration 2.00 as counted" in said
    image = nib.load(tmp_path / "out" / "sa.nii.gz")
    assert image.shape == (32, 32, 2, 12)
    assert image.header.get_zooms() == pytest.approx((10, 10, 10, 0.04))
    shown = image.get_fdata().transpose(2, 3, 1, 0)
    assert np.corrcoef(shown.ravel(), IMAGES.ravel())[0, 1] > 0.98
    lines = pd.read_csv(tmp_path / "out" / "sa_lines.csv")
    assert lines["acceleration"].tolist() == [2, 2]
    assert lines["acquired_per_frame"].tolist() == [16, 16]


def test_a_file_without_geometry_is_placed_by_the_options(h5py, tmp_path, capsys):
    words = ["--source", write_cmrxrecon(h5py, tmp_path / "a.mat", KSPACE), "--out", tmp_path / "out"]
    assert "has no geometry: add --spacing_mm" in said_of(capsys, *words)[1]
    assert said_of(capsys, *words, "--view", "la_4ch", "--spacing_mm", 1.5, "--gap_mm", 8)[0] == 0
    assert nib.load(tmp_path / "out" / "la_4ch.nii.gz").header.get_zooms()[:3] == pytest.approx((1.5, 1.5, 8))


def test_a_cine_that_is_there_is_kept_unless_it_is_to_be_replaced(h5py, tmp_path, capsys):
    (tmp_path / "sa.nii.gz").write_bytes(b"of the scanner")
    words = ["--source", write_cmrxrecon(h5py, tmp_path / "a.mat", KSPACE), "--out", tmp_path, "--spacing_mm", 1.5]
    assert "sa.nii.gz is there: name another folder, or give --overwrite true" in said_of(capsys, *words)[1]
    assert (tmp_path / "sa.nii.gz").read_bytes() == b"of the scanner"
    assert said_of(capsys, *words, "--overwrite", "true")[0] == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--view", "sax"), "--view sax is none of sa, la_2ch, la_3ch, la_4ch"),
        (("--spacing_mm", "0"), "must be above 0"),
    ],
)
def test_options_that_make_no_sense_get_one_sentence(options, sentence, tmp_path, capsys):
    status, said = said_of(capsys, "--source", tmp_path / "raw.h5", "--out", tmp_path / "out", *options)
    assert status == 1
    assert sentence in said


def test_without_the_package_there_is_one_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "h5py", None)
    status, said = said_of(capsys, "--source", tmp_path / "raw.h5", "--out", tmp_path / "out")
    assert status == 1
    assert "raw k-space needs the package h5py" in said
