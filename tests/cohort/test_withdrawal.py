import json

import pandas as pd
import pytest

from cmr_ssl.cli import main
from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.withdrawal import NONE_WITHDRAWN, read_withdrawn
from cmr_ssl.commands.cohort import cohort
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.journal import RECORDS
from cmr_ssl.preparation.cache import COHORT, subject_file
from tests.caches import write_cache

PEOPLE = ("900000080", "900000081", "900000081_3", "900000082", "900000083")


def listed(folder, text="900000081\n"):
    (folder / "w.csv").write_text(text)
    return folder / "w.csv"


@pytest.fixture
def cache(tmp_path):
    return write_cache(tmp_path / "cache", {subject: (5, ("la_4ch",)) for subject in PEOPLE})


@pytest.mark.parametrize(
    "subject",
    ["900000081", "900000081_2", "900000081_3", "900000081_2_0", "900000081-3", "900000081_i3", "sub-900000081_ses-02"],
)
def test_everybody_s_every_visit_is_meant(tmp_path, subject):
    assert read_withdrawn(listed(tmp_path)).includes(subject)


@pytest.mark.parametrize("subject", ["90000008", "9000000811", "900000081_x", "900000080", "1900000081", ""])
def test_nobody_else_is_meant(tmp_path, subject):
    assert not read_withdrawn(listed(tmp_path)).includes(subject)


def test_patients_whose_names_end_in_numbers_are_told_apart(tmp_path):
    gone = read_withdrawn(listed(tmp_path, "SC_HF_3\nSC-N-02\n"))
    assert [gone.includes(one) for one in ("SC_HF_3", "SC_HF_4", "SC_HF_3_2", "SC-N-02", "SC-N-03")] == [1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    "text",
    ["900000081", "\ufeffEID\r\n900000081\r\n\r\n", '"900000081"\n', "900000081.0\n", "# of March\n900000081_3\n",
     "900000081,2024-03-01\n", "date;participant id\n2024;900000081\n", "9.00000081E+08\n", "sub-900000081\n",
     "\ufeffdate;EID\n2021-01-01;900000081\n", "0900000081\n", "900,000,081\n", '="900000081"\n', "900000081.\n",
     "\u200b900000081\u00a0\n", "900000081\tmoved in 2020\n"],
)  # fmt: skip
def test_lists_are_read_as_anybody_and_any_spreadsheet_writes_them(tmp_path, text):
    (tmp_path / "gone.csv").write_bytes(text.encode())
    gone = read_withdrawn(tmp_path / "gone.csv")
    assert gone.remaining(PEOPLE, "here") == ["900000080", "900000082", "900000083"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names nobody: give an id a line"),
        ("eid\n", "names nobody"),
        ("7\n9.00E+08\n", r"line 2 of .*w.csv says '9.00E\+08', an id that a spreadsheet rounded"),
        ("PK\x03\x04\xff\xfe", "is no text"),
    ],
)
def test_a_list_that_cannot_be_used_is_named(tmp_path, text, message):
    (tmp_path / "w.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=message):
        read_withdrawn(tmp_path / "w.csv")
    with pytest.raises(FileNotFoundError, match="no list of withdrawn participants at"):
        read_withdrawn(tmp_path / "no.csv")


@pytest.mark.parametrize(
    "text",
    ["date,participant\n2021-01-01,900000002\n", "900000001,900000002\n", "900000001 900000002\n",
     "900000002 # moved\n", "- 900000002\n", '["900000002"]\n'],
)  # fmt: skip
def test_nobody_is_overlooked_in_a_list_that_is_not_clear(tmp_path, text):
    with pytest.raises(ValueError, match=r"line 1 of .* write one id a line"):
        read_withdrawn(listed(tmp_path, text))


def test_zeros_that_the_list_lost_are_found_where_they_are_unique(tmp_path, caplog):
    gone = read_withdrawn(listed(tmp_path, "50772\n"))
    assert gone.remaining(["0050772", "0050773", "0050772_3"], "here") == ["0050773"]
    assert "2 subjects are left out (1 by ids that differ by zeros in front" in caplog.text
    with pytest.raises(ValueError, match="may be '0050772' and '50772'"):
        gone.remaining(["0050772", "50772"], "here")


def test_without_a_list_everybody_stays_and_nothing_is_said(tmp_path, cache, caplog):
    assert read_withdrawn(None) is NONE_WITHDRAWN
    assert read_cohort(cache)["subject"].tolist() == [*PEOPLE]
    NONE_WITHDRAWN.erase(cache, ["subjects/*.safetensors"])
    assert len([*(cache / "subjects").iterdir()]) == len(PEOPLE)
    assert not caplog.text


def test_what_was_made_of_them_goes_and_is_counted(tmp_path, cache, caplog):
    (cache / "subjects" / ".writing-77-900000081_3.safetensors").write_bytes(b"half")
    (tmp_path / "t.csv").write_text("subject,x\n900000081,1\n900000080,2\n")
    with (cache / RECORDS).open("a") as journal:
        journal.write('{"subject": "9000000')
    gone = read_withdrawn(listed(tmp_path))
    gone.erase(cache, ["subjects/*.safetensors"], [RECORDS], [COHORT])
    gone.erase(tmp_path, tables=["*.csv", "w.csv"])
    left = [one for one in PEOPLE if not one.startswith("900000081")]
    assert sorted((cache / "subjects").iterdir()) == [subject_file(cache, one) for one in left]
    lines = (cache / RECORDS).read_text().splitlines()
    assert [json.loads(line)["subject"] for line in lines[:-1]] == left
    assert pd.read_parquet(cache / COHORT)["subject"].tolist() == left
    assert (tmp_path / "t.csv").read_text() == "subject,x\n900000080,2\n"
    assert f"3 files, 2 journal entries and 2 rows of tables were removed from {cache}, and none is left" in caplog.text


def test_whole_folders_go_and_files_of_others_beside_ours_stay(tmp_path):
    out, kept = tmp_path / "out", {"900000081/sa.nii.gz", "900000081_3/own.txt", "900000080/seg6_sa.nii.gz"}
    for name in {*kept, "900000081_3/seg6_sa.nii.gz"}:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).touch()
    gone = read_withdrawn(listed(tmp_path))
    gone.erase(out, ["*/seg6_*.nii.gz"])
    assert {str(path.relative_to(out)) for path in out.rglob("*.*")} == kept
    gone.erase(out, ["*"])
    assert [path.name for path in out.iterdir()] == ["900000080"]


def test_whoever_reads_a_cache_leaves_them_out(tmp_path, cache, caplog):
    gone = read_withdrawn(listed(tmp_path))
    left = ["900000080", "900000082", "900000083"]
    assert read_cohort(cache, gone)["subject"].tolist() == left
    assert f"1 of 1 participants of {tmp_path / 'w.csv'} were found in {cache}, and their 2 subjects" in caplog.text
    data = CineDataModule(str(cache), {"sa": 5}, withdrawn=str(tmp_path / "w.csv"))
    data.setup("predict")
    assert sorted(one for split in data.subjects.values() for one in split) == left


def test_a_joined_table_and_a_page_of_findings_know_nothing_of_them(tmp_path, cache):
    (tmp_path / "t").write_text("eid,Age\n900000080,60\n900000081,61\n900000082,62\n")
    assert cohort(cache, tmp_path / "t", tmp_path / "c.parquet", withdrawn=listed(tmp_path)) == 0
    assert pd.read_parquet(tmp_path / "c.parquet")["subject"].tolist() == ["900000080", "900000082", "900000083"]
    arguments = ["--cache", cache, "--out", tmp_path / "qc", "--withdrawn", tmp_path / "w.csv"]
    assert main(["qc", *map(str, arguments)]) == 0
    texts = [path.read_text() for path in (tmp_path / "qc").iterdir() if path.is_file()]
    assert len(texts) == 3
    assert not any("900000081" in text for text in texts)
