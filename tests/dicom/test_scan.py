import pytest

from cmr_ssl.dicom.archive import Limits
from cmr_ssl.dicom.scan import scanned
from tests.dicoms import NAMES, codes, manifest_text, tiny, unpacked, view_files, write_zip

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


def test_headers_are_right_where_a_manifest_is_not_and_a_broken_one_is_a_finding(tmp_path):
    made = files()
    listed = manifest_text({name: "CINE_segmented_LAX_4Ch" for name in made})
    for text, said in ((listed.encode(), []), (b"\0" * 100, ["manifest"])):
        headers, findings = scan(write_zip(tmp_path / "a.zip", {"manifest.csv": text} | made))
        assert [header.name for header in headers] == [NAMES["la_2ch"]] * 8
        assert codes(findings) == said


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
    undated = write_zip(tmp_path / "a.zip", files() | files(StudyDate=None, tag=5))
    unpacked(tmp_path / "deep" / "er", files())
    for path, count in ((undated, 16), (tmp_path / "deep", 8)):
        headers, findings = scan(path)
        assert len(headers) == count
        assert not findings
