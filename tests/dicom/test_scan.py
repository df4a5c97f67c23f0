import pytest

from cmr_ssl.dicom.archive import Limits
from cmr_ssl.dicom.scan import scanned
from tests.dicoms import NAMES, codes, manifest_text, tiny, view_files, write_zip

LIMITS = Limits()


def scan(path):
    with scanned([path], LIMITS) as (headers, findings):
        return headers, findings


def files(**values):
    return view_files(tiny("la_2ch"), **values)


@pytest.mark.parametrize("manifest", ["manifest.cvs", "sub/manifest.csv"])
def test_a_manifest_names_series_that_have_no_name(manifest, tmp_path):
    made = files(SeriesDescription=None)
    listed = manifest_text({name: NAMES["la_2ch"] for name in made} | {"gone.dcm": "CINE"})
    headers, findings = scan(write_zip(tmp_path / "a.zip", {manifest: listed.encode()} | made))
    assert {header.name for header in headers} == {NAMES["la_2ch"]}
    assert [(found.code, found.value) for found in findings] == [("absent-file", 1)]


def test_headers_are_right_where_a_manifest_is_not(tmp_path):
    made = files()
    listed = manifest_text({name: "CINE_segmented_LAX_4Ch" for name in made})
    headers, findings = scan(write_zip(tmp_path / "a.zip", {"manifest.csv": listed.encode()} | made))
    assert {header.name for header in headers} == {NAMES["la_2ch"]}
    assert not findings


def test_a_broken_manifest_is_a_finding(tmp_path):
    headers, findings = scan(write_zip(tmp_path / "a.zip", {"manifest.csv": b"\0" * 100} | files()))
    assert len(headers) == 8
    assert codes(findings) == ["manifest"]


def test_two_patients_in_one_archive_are_nobody(tmp_path):
    other = files(PatientID="900000002", StudyInstanceUID="1.2.3", tag=5)
    headers, findings = scan(write_zip(tmp_path / "a.zip", files() | other))
    assert not headers
    assert [(found.code, found.severity) for found in findings] == [("several-patients", "rejected")]


def test_of_two_visits_the_larger_one_is_kept(tmp_path):
    other = dict(list(files(StudyDate="20190101", tag=5).items())[:5])
    headers, findings = scan(write_zip(tmp_path / "a.zip", files() | other))
    assert {header.date for header in headers} == {"20150830"}
    assert [(found.code, found.value) for found in findings] == [("several-visits", 2)]


def test_images_without_a_date_belong_to_the_visit_and_folders_are_read_like_archives(tmp_path):
    undated = files(StudyDate=None, tag=5)
    headers, findings = scan(write_zip(tmp_path / "a.zip", files() | undated))
    assert len(headers) == 16
    assert not findings
    for name, data in files().items():
        (tmp_path / "deep" / "er").mkdir(parents=True, exist_ok=True)
        (tmp_path / "deep" / "er" / name).write_bytes(data)
    headers, findings = scan(tmp_path / "deep")
    assert len(headers) == 8
    assert not findings
