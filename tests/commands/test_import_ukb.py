import errno
import os
import shutil
import zipfile

import nibabel as nib
import numpy as np
import pytest
from safetensors.numpy import load_file

from cmr_ssl.cli import main
from cmr_ssl.commands.import_ukb import import_ukb
from cmr_ssl.commands.prepare import prepare
from cmr_ssl.dicom import archive
from cmr_ssl.planes import VIEWS
from cmr_ssl.preparation.cache import subject_file
from cmr_ssl.preparation.preparation import Preparation
from tests.commands.test_import_dicom import journal, rows, subjects
from tests.dicom.test_importer import names_in
from tests.dicoms import FRAME_MS, tiny, write_ukb, write_zip

IDS = [str(number) for number in range(900000001, 900000005)]


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    """Return a folder with the zips of four participants, the last of whom came twice."""
    folder = write_ukb(tmp_path_factory.mktemp("zips"), IDS[0])
    for subject in IDS[1:]:
        for field in ("20208", "20209"):
            shutil.copy(folder / f"{IDS[0]}_{field}_2_0.zip", folder / f"{subject}_{field}_2_0.zip")
    for field in ("20208", "20209"):
        shutil.copy(folder / f"{IDS[0]}_{field}_2_0.zip", folder / f"{IDS[-1]}_{field}_3_0.zip")
    return folder


@pytest.fixture(scope="module")
def imported(zips, tmp_path_factory):
    out = tmp_path_factory.mktemp("imported")
    assert main(["import-ukb", "--zips", str(zips), "--out", str(out)]) == 0
    return out


def test_archives_become_the_folders_other_tools_read(imported):
    for view in VIEWS:
        image, truth = nib.load(imported / IDS[0] / f"{view}.nii.gz"), tiny(view)
        assert image.get_data_dtype() == np.int16
        assert np.array_equal(np.asanyarray(image.dataobj), truth.pixels)
        assert image.affine == pytest.approx(truth.affine, abs=1e-3)
        assert image.header.get_zooms()[3] == pytest.approx(FRAME_MS / 1000)
        assert image.header.get_xyzt_units() == ("mm", "sec")
        assert b"SECRET" not in image.header.binaryblock
        assert not image.header.extensions


def test_the_table_says_what_there_is_of_every_visit(imported):
    assert subjects(imported) == [*IDS, f"{IDS[-1]}_3"]
    assert sorted(path.name for path in imported.iterdir() if path.name[0] == "9") == subjects(imported)
    told = {"subject": IDS[0], "status": "accepted", "views": ",".join(VIEWS), "planes": "7", "sa_slices": "4"}
    told |= {"frames": "8", "beat_ms": "800.0", "heart_rate_bpm": "75.0", "spacing_mm": "7.5000", "reasons": ""}
    assert rows(imported)[0] == told
    assert rows(imported, "findings.csv") == []


def test_changed_archives_and_lost_folders_are_imported_again(zips, tmp_path):
    folder = shutil.copytree(zips, tmp_path / "zips")
    assert import_ukb(folder, tmp_path / "out") == 0
    write_zip(folder / f"{IDS[1]}_20208_2_0.zip", {})
    shutil.rmtree(tmp_path / "out" / IDS[2])
    assert import_ukb(folder, tmp_path / "out") == 0
    assert {row["subject"]: row["views"] for row in rows(tmp_path / "out")}[IDS[1]] == "sa"
    assert names_in(tmp_path / "out" / IDS[1]) == ["sa.nii.gz"]
    assert len(names_in(tmp_path / "out" / IDS[2])) == len(VIEWS)
    assert len(journal(tmp_path / "out")) == len(IDS) + 1 + 2, "nobody else"


@pytest.mark.parametrize("values", [{"workers": 0}, {"shard": 2, "shards": 2}, {"shard": -1}])
def test_counts_that_make_no_sense_are_refused(values, zips, tmp_path):
    with pytest.raises(ValueError, match=r"0 workers|no shard"):
        import_ukb(zips, tmp_path, **values)


def test_preparing_archives_is_preparing_their_nifti(zips, imported, tmp_path):
    rough = Preparation(size=16, spacing_mm=7.5, frames=8)
    assert prepare(imported, tmp_path / "one", preparation=rough) == 0
    assert prepare(zips, tmp_path / "other", preparation=rough) == 0
    for subject in (IDS[0], f"{IDS[-1]}_3"):
        one, other = (load_file(subject_file(tmp_path / cache, subject)) for cache in ("one", "other"))
        for name in one:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-6, atol=1 if name == "images" else 1e-3)


def failing(monkeypatch, where, code):
    """Let one way to read fail from the third time on, as disks do."""
    calls = iter(range(10**9))
    real = getattr(*where)

    def fail(*args, **options):
        if next(calls) >= 2:
            raise OSError(code, os.strerror(code), "a file")
        return real(*args, **options)

    monkeypatch.setattr(*where, fail)


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ((zipfile.ZipFile, "open"), errno.EIO),
        ((zipfile.ZipFile, "open"), errno.EMFILE),
        ((zipfile.ZipFile, "read"), errno.ESTALE),
        ((zipfile.ZipFile, "read"), errno.ETIMEDOUT),
        ((archive, "_check_directory"), errno.ENFILE),
        ((archive, "_check_directory"), errno.EACCES),
    ],
)
def test_errors_of_the_machine_stop_the_import_and_are_no_fault_of_the_data(
    where, code, zips, tmp_path, monkeypatch, capsys
):
    with monkeypatch.context() as broken:
        failing(broken, where, code)
        assert import_ukb(zips, tmp_path) == 1
    said = capsys.readouterr().err
    assert "Importing stopped" in said
    assert os.strerror(code) in said
    assert "cannot be written" not in said
    assert not [line for line in journal(tmp_path) if "rejected" in line]
    assert import_ukb(zips, tmp_path) == 0
    assert {row["status"] for row in rows(tmp_path)} == {"accepted"}
