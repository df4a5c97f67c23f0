import pytest

from cmr_ssl.config_keys import check_keys, repeated_keys
from tests.runs import ROOT


@pytest.mark.parametrize(
    "text",
    [
        "classes: {1: LV, 2: RV, 1: RV}",
        "labels:\n  - {view: sa}\n  - file: a\n    file: b\n",
        "a: 1\nb: {c: 1, c: 2}\n",
    ],
)
def test_a_key_that_is_there_twice_is_refused(tmp_path, text):
    (tmp_path / "files.yaml").write_text(text)
    for arguments in (["--files", str(tmp_path / "files.yaml")], [f"--files={tmp_path / 'files.yaml'}"]):
        with pytest.raises(ValueError, match="twice in one place, again in line"):
            check_keys(arguments)


def test_no_config_of_ours_has_a_key_twice_and_other_files_are_not_looked_at(tmp_path):
    for path in (ROOT / "configs").rglob("*.yaml"):
        assert [*repeated_keys(path)] == []
    (tmp_path / "broken.yaml").write_text("a: [")
    (tmp_path / "table.csv").write_text("a: 1\na: 2\n")
    check_keys([str(tmp_path / "broken.yaml"), str(tmp_path / "table.csv"), "--out", "a.yaml"])
