import pytest

from cmr_ssl.sources.file_names import fill, placeholders, read_facts


def test_templates_are_filled_in_with_numbers_as_wide_as_they_say_from_facts_that_are_names_and_values(tmp_path):
    facts = {"subject": "patient001", "ED": 1}
    assert fill("{subject}_frame{ED:02d}.nii.gz", facts) == "patient001_frame01.nii.gz"
    assert fill("sa.nii.gz", facts) == "sa.nii.gz"
    (tmp_path / "Info.cfg").write_text("ED: 1\r\nGroup: DCM\nHeight: 184.0\n\n# no fact\nES:12\n", encoding="utf-8-sig")
    assert read_facts(tmp_path / "Info.cfg") == {"ED": 1, "Group": "DCM", "Height": "184.0", "ES": 12}


@pytest.mark.parametrize("template", ["{subject", "{0}.nii", "{}.nii", "{subject.x}.nii", "{ED[0]}.nii"])
def test_what_is_no_template_is_refused(template):
    with pytest.raises(ValueError, match="file name"):
        placeholders(template)


@pytest.mark.parametrize(
    ("template", "reason"),
    [("{ES}.nii", "needs ES, but it is only told"), ("{ED:02d}.nii", "filled in"), ("{up}.nii", "cannot stand in")],
)
def test_facts_that_do_not_fit_a_template_are_one_sentence(template, reason):
    with pytest.raises(ValueError, match=reason):
        fill(template, {"subject": "s", "ED": "one", "up": "../other"})


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"a: 1\n" * 300000])
def test_a_file_that_tells_no_facts_is_one_sentence(tmp_path, content):
    if content:
        (tmp_path / "Info.cfg").write_bytes(content)
    with pytest.raises(ValueError, match=r"Info\.cfg"):
        read_facts(tmp_path / "Info.cfg")
