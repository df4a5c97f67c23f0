"""The files of ACDC as its challenge hands them out, made here: the mapping must find what lies where."""

from dataclasses import replace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import yaml

from cmr_ssl.anatomy import LV, MYOCARDIUM, RV, UNLABELLED
from cmr_ssl.commands.prepare import prepare
from cmr_ssl.planes import spacing
from cmr_ssl.sources import EdEs, LabelFile, NiftiFiles, NiftiFolder
from cmr_ssl.sources.label_folder import LabelFolder
from tests.labelled import picture
from tests.runs import ROOT
from tests.studies import series

ED, ES, FRAMES = 1, 5, 10  # frames from 1, as Info.cfg counts


def mapping() -> NiftiFiles:
    written = yaml.safe_load((ROOT / "configs/sources/acdc.yaml").read_text())
    cine, pair = written["images"]["sa"]
    labels = [LabelFile(**{**label, "file": EdEs(**label["file"])}) for label in written["labels"]]
    return NiftiFiles({"sa": [cine, EdEs(**pair)]}, labels, written["facts"])


def write_patient(folder, name="patient007", cine=True, info=f"ED: {ED}\nES: {ES}\nGroup: DCM\n"):
    """Write a patient with spacing in pixdim alone; labels are three strips, 1 being the right ventricle."""
    one = series("sa", frames=FRAMES)
    labels = np.zeros(one.pixels.shape[:3], dtype=np.uint8)
    labels[20:50, 20:30], labels[20:50, 30:33], labels[20:50, 33:45] = 1, 2, 3
    drawn = np.stack([labels] * FRAMES, axis=-1)
    beating = picture(drawn) * (1 + 0.3 * np.cos(2 * np.pi * np.arange(FRAMES) / FRAMES))
    one = replace(one, pixels=np.where(drawn > 0, beating, one.pixels).astype(np.int16))
    files = {f"{name}_4d": one.pixels} if cine else {}
    for frame in (ED, ES):
        files |= {f"{name}_frame{frame:02}": one.pixels[..., frame - 1], f"{name}_frame{frame:02}_gt": labels}
    (folder / name).mkdir(parents=True)
    for file, pixels in files.items():
        header = nib.Nifti1Image(pixels, np.eye(4)).header
        header["pixdim"][1:4] = 3.6538, 3.6538, 10.0
        nib.save(nib.Nifti1Image(pixels, None, header), folder / name / f"{file}.nii.gz")
    if info:
        (folder / name / "Info.cfg").write_text(info)
    return one, labels


def test_the_cine_is_labelled_at_its_two_frames_and_nowhere_else(tmp_path):
    one, labels = write_patient(tmp_path)
    study = NiftiFolder(tmp_path, mapping()).read("patient007")
    (read,) = study.series
    np.testing.assert_array_equal(read.pixels, one.pixels)
    assert [found.code for found in study.findings] == ["no-orientation", "frame-duration"]
    assert spacing(read.affine).tolist() == pytest.approx([3.6538, 3.6538])
    drawn = np.flatnonzero((read.labels != UNLABELLED).any(axis=(0, 1, 2)))
    assert drawn.tolist() == [ED - 1, ES - 1]
    for value, index in {1: RV, 2: MYOCARDIUM, 3: LV}.items():
        np.testing.assert_array_equal(read.labels[..., ES - 1] == index, labels == value)


def test_without_the_cine_ed_and_es_are_the_study(tmp_path):
    one, _ = write_patient(tmp_path, cine=False)
    (read,) = NiftiFolder(tmp_path, mapping()).read("patient007").series
    np.testing.assert_array_equal(read.pixels, one.pixels[..., [ED - 1, ES - 1]])
    assert (read.labels != UNLABELLED).any(axis=(0, 1, 2)).all()


def test_both_kinds_become_a_cache(tmp_path):
    write_patient(tmp_path / "source")
    write_patient(tmp_path / "source", "patient008", cine=False)
    (tmp_path / "source" / "patient009").mkdir()
    (tmp_path / "source" / "patient009" / "Info.cfg").write_text("ED: 1\n")
    assert prepare(tmp_path / "source", tmp_path / "cache", mapping()) == 0
    table = pd.read_parquet(tmp_path / "cache" / "cohort.parquet").set_index("subject")
    assert table.loc[["patient007", "patient008"], "frames"].tolist() == [FRAMES, 2]
    assert table["labelled"].tolist() == [True, True, False]
    assert "needs ES" in str(table.loc["patient009"].to_dict())


@pytest.mark.parametrize(
    ("info", "reason"), [("", "Info.cfg"), ("ED: 1\n", "needs ES"), ("ED: x\nES: 5\n", "cannot be filled in")]
)
def test_a_patient_whose_frames_are_not_told_is_a_finding_that_names_patient_file_and_remedy(tmp_path, info, reason):
    write_patient(tmp_path, info=info)
    source = NiftiFolder(tmp_path, mapping())
    (found,) = source.read("patient007").findings
    assert (found.code, found.severity) == ("file-names", "rejected")
    assert all(text in found.message for text in ("patient007", "mend Info.cfg", reason))
    with pytest.raises(FileNotFoundError, match="none of the 1"):
        source.subjects()


def test_frames_that_the_cine_does_not_have_cost_the_labels_alone(tmp_path):
    write_patient(tmp_path)
    for path in (tmp_path / "patient007").glob("*_frame05*"):
        path.rename(path.with_name(path.name.replace("05", "11")))
    (tmp_path / "patient007" / "Info.cfg").write_text("ED: 1\nES: 11\n")
    study = NiftiFolder(tmp_path, mapping()).read("patient007")
    assert study.series[0].labels is None
    assert "frames 1 and 11" in study.findings[-1].message


def test_another_frame_in_the_facts_is_another_fingerprint(tmp_path):
    write_patient(tmp_path)
    source = NiftiFolder(tmp_path, mapping())
    before = source.fingerprint("patient007")
    (tmp_path / "patient007" / "Info.cfg").write_text("ED: 1\nES: 55\n")
    assert source.fingerprint("patient007") != before
    (tmp_path / "patient007" / "Info.cfg").write_text("ED: 1\n")
    assert source.fingerprint("patient007") != before


def test_label_maps_alone_are_found_by_the_same_names(tmp_path):
    write_patient(tmp_path)
    files = mapping()
    heart = LabelFolder(tmp_path, files.labels, files.facts).read("patient007")
    assert heart.problems == {}
    assert set(np.unique(heart.views["sa"].map.labels)) == {0, LV, MYOCARDIUM, RV}
    (tmp_path / "patient007" / "Info.cfg").unlink()
    assert "Info.cfg" in LabelFolder(tmp_path, files.labels, files.facts).read("patient007").problems[""]
