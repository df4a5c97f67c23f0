import pytest

from cmr_ssl.dicom.dicom_folder import DicomFolder
from tests.dicoms import tiny, unpacked, view_files


def test_a_patients_own_folder_is_one_subject(tmp_path):
    patient = tmp_path / "patient"
    unpacked(patient / "LAX", view_files(tiny("la_2ch")))
    unpacked(patient / "SAX" / "deeper", view_files(tiny("sa")))
    (patient / "reports").mkdir()
    source = DicomFolder(patient)
    assert source.subjects() == ["patient", "reports"]
    study = source.read("patient")
    assert [one.view for one in study.series] == ["sa", "la_2ch"]
    assert [(found.code, found.value) for found in study.findings] == [("one-study", 2)]


@pytest.mark.parametrize(
    "others",
    [
        {"PatientID": "other", "StudyInstanceUID": "2.25.1"},
        {"PatientID": "other"},  # an anonymiser gave all the same study
        {"StudyInstanceUID": "2.25.1", "StudyDate": "20200101"},  # came back another day
        {"PatientID": "", "StudyInstanceUID": ""},
        {"tag": 0},  # a copy of the very files
    ],
)
def test_folders_of_other_people_and_days_and_copies_are_other_subjects(others, tmp_path):
    unpacked(tmp_path / "a", view_files(tiny("la_2ch")))
    unpacked(tmp_path / "b", view_files(tiny("la_2ch"), **({"tag": "b"} | others)))
    assert DicomFolder(tmp_path).subjects() == ["a", "b"]


def test_series_of_several_patients_are_gathered_patient_by_patient(tmp_path):
    for patient in ("1", "2"):
        for view in ("sa", "la_2ch"):
            values = {"PatientID": patient, "StudyInstanceUID": f"2.25.{patient}", "tag": patient + view}
            unpacked(tmp_path / f"{patient}_{view}", view_files(tiny(view), **values))
    source = DicomFolder(tmp_path)
    assert source.subjects() == ["1_la_2ch", "2_la_2ch"]
    assert [path.name for path in source.archives("2_la_2ch")] == ["2_la_2ch", "2_sa"]


def test_one_patient_on_one_table_is_one_subject_whatever_an_anonymiser_did_to_the_study_and_preambles(tmp_path):
    for view in ("sa", "la_2ch"):
        values = {"StudyInstanceUID": f"2.25.{len(view)}", "FrameOfReferenceUID": "2.25.9"}
        unpacked(tmp_path / "p" / view, view_files(tiny(view), **values))
        unpacked(tmp_path / "bare", {name: data[132:] for name, data in view_files(tiny(view)).items()})
    assert DicomFolder(tmp_path / "p").subjects() == ["p"]
    assert DicomFolder(tmp_path / "bare").subjects() == ["bare"]
