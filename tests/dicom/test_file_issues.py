import pytest

from cmr_ssl.dicom.file_issues import A_CINE, LONGEST_NAME, FileIssues, printable


def test_many_files_of_a_kind_are_one_finding_and_names_fit_in_a_line():
    odd = FileIssues()
    for index in range(1000):
        odd.add("not-dicom", f"{index}.txt", "is no DICOM file")
    odd.add("link", "a", "is a link")
    first, second = odd.findings()
    assert first == ("not-dicom", "noted", "", "0.txt is no DICOM file (the first of 1000 such files)", 1000)
    assert second == ("link", "noted", "", "a is a link", 1)
    assert printable("a\nb\x1b[31m\u202e") == "a?b?[31m?"
    assert len(printable("x" * 5000)) == LONGEST_NAME + 3


@pytest.mark.parametrize(("code", "severity"), [("no-place", "rejected"), ("not-dicom", "noted"), ("colours", "noted")])
def test_as_many_lost_images_as_a_cine_has_are_a_loss(code, severity):
    few, many, frames = FileIssues(), FileIssues(), FileIssues()
    few.add(code, "a.dcm", "is lost")
    for index in range(A_CINE):
        many.add(code, f"{index}.dcm", "is lost")
    frames.add(code, "a.dcm", "is lost", A_CINE)
    assert [one.findings()[0].severity for one in (few, many, frames)] == ["noted", severity, severity]
