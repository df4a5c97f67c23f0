import pytest

from cmr_ssl.release.leaks import describe_leaks


def test_many_places_are_counted_and_no_id_is_shown(tmp_path):
    (tmp_path / "a.txt").write_text("eid 1234567\n" * 9)
    [sentence] = describe_leaks(tmp_path / "a.txt")
    assert sentence.endswith("line 1, line 2, line 3 and 6 more holds a 7-digit participant id")


@pytest.mark.parametrize("data", [b"PK\x03\x04torn", b"\x1f\x8btorn", b"PAR1torn", b"\x89PNG\r\n\x1a\ntorn", b"{"])
def test_a_damaged_file_is_a_finding_and_no_crash(tmp_path, data):
    path = tmp_path / ("x.safetensors" if data == b"{" else "x")
    path.write_bytes(data)
    [sentence] = describe_leaks(path)
    assert "cannot be read, so that nobody can check it" in sentence
