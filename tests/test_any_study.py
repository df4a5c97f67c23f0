import shutil

import numpy as np
import pytest

import cmr_ssl
from cmr_ssl.cli import main
from tests import studies


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    """Return a folder with UK Biobank's zips of two subjects."""
    folder = tmp_path_factory.mktemp("zips")
    assert main(["phantom", "--out", str(folder), "--subjects", "2", "--preset", "small", "--dicom"]) == 0
    return folder


def test_a_folder_of_nifti_files_is_one_study_with_its_findings(tmp_path):
    made = studies.study(("sa", "la_4ch"), "900000001", frames=8)
    folder = studies.write_study(tmp_path, made)
    (folder / "la_2ch.nii.gz").write_bytes(b"torn")
    study = cmr_ssl.read(folder)
    assert (study.subject, study.views) == ("900000001", ["sa", "la_4ch"])
    np.testing.assert_array_equal(study.images["sa"], made.images["sa"])
    np.testing.assert_allclose(study.affines["sa"], made.affines["sa"], atol=1e-3)
    np.testing.assert_allclose(study.times_ms["sa"], 60.0 * np.arange(8), atol=1e-2)
    assert [found.where for found in study.findings] == ["la_2ch"]
    assert "sa: 9 slices of 8 frames" in repr(study)
    assert "rejected: la_2ch: " in repr(study)


def test_one_zip_a_folder_of_zips_and_one_of_dicom_files_are_the_same_study(zips, tmp_path):
    (first, *_), (other, *_) = (sorted(zips.glob(f"90000000{k}_20208*.zip")) for k in (1, 2))
    for path in zips.glob("900000001_*.zip"):
        (tmp_path / "zips").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "zips" / path.name)
        shutil.unpack_archive(path, tmp_path / "files" / path.stem)
    one, *others = (cmr_ssl.read(place) for place in (first, tmp_path / "zips", tmp_path / "files"))
    assert [one.subject, *(same.subject for same in others)] == ["900000001", "900000001", "files"]
    for same in others:
        assert same.views == one.views == ["sa", "la_2ch", "la_3ch", "la_4ch"]
        for view, pixels in one.images.items():
            np.testing.assert_array_equal(pixels, same.images[view])
    assert cmr_ssl.read(other).subject == "900000002"


def test_several_subjects_are_refused_and_named(zips, tmp_path):
    with pytest.raises(ValueError, match="holds 2 subjects"):
        cmr_ssl.read(zips)
    studies.write_study(tmp_path, studies.study(("sa",), "900000001", frames=8))
    with pytest.raises(ValueError, match=r"is a folder of subjects: .*900000001"):
        cmr_ssl.read(tmp_path)


def test_links_keep_the_names_that_subjects_are_called_by(zips, tmp_path, monkeypatch):
    studies.write_study(tmp_path / "store", studies.study(("sa",), "x81fe", frames=8))
    (tmp_path / "900000001").symlink_to(tmp_path / "store" / "x81fe")
    assert cmr_ssl.read(tmp_path / "900000001").subject == "900000001"
    monkeypatch.chdir(tmp_path / "store" / "x81fe")
    assert cmr_ssl.read(".").subject == "x81fe"
    for index, path in enumerate(zips.glob("900000001_*.zip")):
        shutil.copy(path, tmp_path / "store" / f"{index}.zip")
        (tmp_path / path.name).symlink_to(tmp_path / "store" / f"{index}.zip")
    study = cmr_ssl.read(tmp_path / next(zips.glob("900000001_20208*.zip")).name)
    assert (study.subject, study.views) == ("900000001", ["sa", "la_2ch", "la_3ch", "la_4ch"])


def test_what_is_no_study_is_refused_links_and_packages_with_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no"):
        cmr_ssl.read(tmp_path / "nowhere")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").write_text("nothing")
    with pytest.raises(ValueError, match="neither a folder nor a zip"):
        cmr_ssl.read(tmp_path / "notes" / "readme.txt")
    (tmp_path / "empty").mkdir()
    for name in ("notes", "empty"):
        with pytest.raises(FileNotFoundError, match=r"holds no study: none of sa\.nii\.gz"):
            cmr_ssl.read(tmp_path / name)
    (tmp_path / "empty" / "0.dcm").symlink_to(tmp_path / "elsewhere.dcm")
    with pytest.raises(FileNotFoundError, match="is a link to"):
        cmr_ssl.read(tmp_path / "empty")
    (tmp_path / "study.tar.gz").touch()
    with pytest.raises(ValueError, match="unpack it"):
        cmr_ssl.read(tmp_path / "study.tar.gz")
