import json
import shutil

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from cmr_ssl.anatomy import LV, MYOCARDIUM, RV
from cmr_ssl.cli import main
from cmr_ssl.export.bids import check_distinct

IDS = ("900000001", "900000002")


@pytest.fixture
def source(hearts, tmp_path):
    """Return a folder with two labelled studies, the second without label maps."""
    for subject in IDS:
        shutil.copytree(hearts / "cohort" / subject, tmp_path / "source" / subject)
    for path in (tmp_path / "source" / IDS[1]).glob("seg*"):
        path.unlink()
    return tmp_path / "source"


def write(source, *options):
    out = source.parent / "bids"
    assert main(["bids", "--source", str(source), "--out", str(out), *map(str, options)]) == 0
    return out


def participants(out):
    return pd.read_csv(out / "participants.tsv", sep="\t", dtype=str, keep_default_na=False)


def test_a_cohort_is_written_with_times_labels_and_tables(source):
    out = write(source, "--name", "hearts")
    stem = f"sub-{IDS[0]}/cardiac/sub-{IDS[0]}_acq-"
    image, original = (nib.load(path) for path in (out / f"{stem}sa_cine.nii.gz", source / IDS[0] / "sa.nii.gz"))
    np.testing.assert_array_equal(np.asarray(image.dataobj), np.asarray(original.dataobj))
    np.testing.assert_allclose(image.affine, original.affine, atol=1e-4)
    times = json.loads((out / f"{stem}la4ch_cine.json").read_text())["FrameTimesStart"]
    step = original.header.get_zooms()[3]
    assert times == pytest.approx([frame * step for frame in range(original.shape[3])], abs=1e-5)
    labels = nib.load(out / "derivatives/labels" / f"{stem}sa_dseg.nii.gz")
    assert {LV, MYOCARDIUM, RV} <= set(np.unique(np.asarray(labels.dataobj)))
    assert "1\tLV" in (out / "derivatives/labels/dseg.tsv").read_text()
    assert participants(out)["participant_id"].tolist() == [f"sub-{subject}" for subject in IDS]
    assert json.loads((out / "dataset_description.json").read_text())["Name"] == "hearts"


def test_who_is_gone_from_the_source_or_withdrew_goes(source):
    out = write(source)
    (source.parent / "withdrawn.csv").write_text(f"{IDS[0]}\n")
    write(source, "--withdrawn", source.parent / "withdrawn.csv")
    assert participants(out)["subject"].tolist() == [IDS[1]]
    assert not [*out.rglob(f"*{IDS[0]}*")]
    assert IDS[0] not in (out / ".bids" / "records.jsonl").read_text()


def test_a_bad_subject_is_in_the_table_with_its_reason_and_stops_nobody(source):
    for path in (source / IDS[1]).iterdir():
        path.write_bytes(b"nothing")
    table = participants(write(source)).set_index("subject")
    assert table.loc[IDS[0], "problem"] == "n/a"
    assert "sa" in table.loc[IDS[1], "problem"]


@pytest.mark.parametrize(("subjects", "why"), [(("a_1", "a-1"), "as 'a_1' is: rename"), (("__",), "sub-: rename")])
def test_names_that_bids_cannot_tell_apart_are_refused(subjects, why):
    with pytest.raises(ValueError, match=why):
        check_distinct(subjects)
