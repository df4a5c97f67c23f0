import nibabel
import numpy as np
import pandas as pd

from cmr_ssl.phantom.archive_faults import ARCHIVE_RATES
from cmr_ssl.phantom.faults import RATES
from cmr_ssl.preparation.finding_codes import CODES
from experiments.archives.score import FOUND_BY, HARMLESS, Score, read_faults, same_images, scores

EVERYBODY = {"1", "2", "3", "4", "5"}


def record(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["subject", "fault"])


def found(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["subject", "code"])


def score(fault, faults, findings) -> Score:
    return next(one for one in scores(faults, findings, EVERYBODY) if one.fault == fault)


def test_every_fault_of_the_generator_is_judged():
    assert {*FOUND_BY, *HARMLESS} == {*RATES["default"], *ARCHIVE_RATES["default"]}
    assert {code for codes in FOUND_BY.values() for code in codes} <= {*CODES}


def test_recall_and_false_alarms_are_counted_by_visits():
    faults = record(("1", "motion"), ("2", "motion"), ("3", "wrap_around"))
    findings = found(("1", "blurred"), ("1", "blurred"), ("3", "blurred"), ("4", "wrap-around"))
    assert score("motion", faults, findings)[2:] == (2, 1, 3, 1)
    assert score("wrap_around", faults, findings)[2:] == (1, 0, 4, 1)


def test_a_code_is_no_false_alarm_where_another_fault_explains_it():
    faults, findings = record(("1", "missing_file"), ("2", "missing_frames")), found(("1", "missing-frames"))
    assert score("missing_frames", faults, findings)[2:] == (1, 0, 3, 0)
    faults, findings = record(("1", "motion"), ("1", "truncated_archive")), found(("1", "bad-archive"))
    assert score("motion", faults, findings)[2:] == (0, 0, 4, 0)  # what the archive took along
    assert score("truncated_archive", faults, findings)[2:] == (1, 1, 4, 0)


def test_a_repeat_visit_is_called_as_the_importer_calls_it(tmp_path):
    text = "subject,visit,fault,field,where,value\n900000001,2,motion,0,,\n900000001,3,motion,0,,\n"
    (tmp_path / "faults.csv").write_text(text)
    assert list(read_faults(tmp_path)["subject"]) == ["900000001", "900000001_3"]


def test_images_are_the_same_only_bit_for_bit_and_in_place(tmp_path):
    pixels, place = np.arange(24, dtype=np.int16).reshape(2, 3, 2, 2), np.diag([2.0, 2.0, 8.0, 1.0])
    changes = {"sa": (pixels, place), "la_2ch": (pixels + np.int16(1), place), "la_3ch": (pixels, place + 0.1)}
    for folder in ("truth", "nifti"):
        (tmp_path / folder / "1").mkdir(parents=True)
    for view in ("sa", "la_2ch", "la_3ch", "la_4ch"):
        nibabel.save(nibabel.Nifti1Image(pixels, place), tmp_path / "truth" / "1" / f"{view}.nii.gz")
    for view, (data, affine) in changes.items():
        nibabel.save(nibabel.Nifti1Image(data, affine), tmp_path / "nifti" / "1" / f"{view}.nii.gz")
    faults = pd.DataFrame([("1", 0, "motion"), ("1", 20209, "mixed_series")], columns=["subject", "field", "fault"])
    same = same_images(tmp_path, faults).set_index("view")
    assert same["same"].to_dict() == {"la_2ch": False, "la_3ch": False, "la_4ch": False, "sa": True}
    assert same.loc["sa", "faults"] == {"motion", "mixed_series"}
    assert same.loc["la_2ch", "faults"] == {"motion"}
