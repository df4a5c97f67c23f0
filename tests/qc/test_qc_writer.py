import json
import shutil

import pandas as pd
import pytest

from cmr_ssl.cli import main
from cmr_ssl.commands.qc import qc
from cmr_ssl.journal import Journal
from cmr_ssl.preparation.cache import subject_file
from cmr_ssl.preparation.checks.all_checks import run_checks
from cmr_ssl.qc.qc_writer import measure_cohort, measures_of, remove_thumbnails
from cmr_ssl.runner.progress import Tally
from cmr_ssl.workers import Workers
from tests.preparation.checks.synthetic_planes import subject
from tests.runs import ROOT


@pytest.fixture(scope="module")
def report(checked, tmp_path_factory):
    out = tmp_path_factory.mktemp("qc") / "report"
    assert main(["qc", "--cache", str(checked), "--out", str(out)]) == 0
    return out


def table(folder, name="findings"):
    return pd.read_csv(folder / f"{name}.csv", dtype={"subject": str})


def rows(found, *columns):
    return {*found.fillna({"view": "", "slice": -1})[[*columns]].itertuples(index=False, name=None)}


def test_every_finding_is_a_row(report):
    findings = table(report)
    assert rows(findings, "subject", "view", "slice", "code", "severity") >= {
        ("900000002", "sa", 2, "missing-frames", "repaired"),
        ("900000002", "sa", 3, "mistriggered", "noted"),
        ("900000003", "sa", 4, "misaligned-slice", "noted"),
        ("900000004", "sa", -1, "unreadable", "rejected"),
    }
    assert "900000001" not in set(findings["subject"])
    assert findings.set_index("code").loc["mistriggered", "value"] == pytest.approx(0.25, abs=0.005)


def test_the_policy_decides_in_every_row_and_the_cache_stays_as_it_is(checked, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in checked.rglob("*")}
    policy = str(ROOT / "configs" / "policy" / "default.yaml")
    assert main(["qc", "--cache", str(checked), "--out", str(tmp_path), "--policy", policy]) == 0
    assert rows(table(tmp_path), "subject", "code", "decision") >= {
        ("900000002", "missing-frames", "accept"),
        ("900000002", "mistriggered", "reject-plane"),
        ("900000003", "misaligned-slice", "reject-plane"),
        ("900000004", "unreadable", "reject-subject"),
    }
    assert {path: path.stat().st_mtime_ns for path in checked.rglob("*")} == before


def test_what_was_measured_is_a_row_a_usable_subject_nothing_more_is_rejected_and_nothing_given_away(report):
    findings = table(report)
    assert (findings["decision"] == "accept").equals(findings["severity"] != "rejected")
    measures = table(report, "measures").set_index("subject")
    assert list(measures.index) == ["900000001", "900000002", "900000003"]
    assert list(measures["mistriggered"]) == pytest.approx([0, 0.25, 0], abs=0.005)
    assert main(["check-release", str(report)]) == 0


def test_the_page_shows_counts_reasons_and_the_worst(report):
    text = (report / "index.html").read_text()
    assert "<td>rejected</td><td>1</td>" in text
    assert "the file &lt;b&gt;ends&lt;/b&gt; early" in text
    for picture in ("mistriggered_900000002.png", "misaligned-slice_900000003.png"):
        assert f'src="thumbnails/{picture}"' in text
        assert (report / "thumbnails" / picture).is_file()
    assert "heart rate (bpm): 66.67 to 67.67" in text


def test_other_limits_find_other_things_and_old_pictures_go(report, checked):
    assert qc(checked, report, limits={"mistriggered": 0.3}, worst=0) == 0
    assert "mistriggered" not in (report / "findings.csv").read_text()
    assert not (report / "thumbnails").exists()


def test_pictures_of_others_in_a_folder_of_that_name_stay(tmp_path):
    for name in ("own.png", "mistriggered_1.png"):
        (tmp_path / name).touch()
    remove_thumbnails(tmp_path, ["mistriggered"])
    assert [path.name for path in tmp_path.iterdir()] == ["own.png"]
    remove_thumbnails(tmp_path / "nowhere", ["mistriggered"])


def test_workers_measure_what_one_process_measures(checked, tmp_path):
    subjects = ["900000001", "900000002"]

    def measured(count):
        with Tally("measuring", tmp_path, 2) as tally:
            return measure_cohort(checked, subjects, Workers(count), Journal(None, "settings"), tally)

    alone = measured(1)
    assert alone == measured(2)
    assert [record.subject for record in alone] == subjects
    assert measures_of(alone[0]) == run_checks(subject())


def test_only_what_changed_is_measured_again_and_a_damaged_file_is_a_finding(checked, tmp_path):
    cache, out = tmp_path / "cache", tmp_path / "qc"
    shutil.copytree(checked, cache)
    assert qc(cache, out) == 0
    journal = out / ".qc" / "records.jsonl"
    before = journal.read_text()
    assert qc(cache, out) == 0
    assert journal.read_text() == before
    subject_file(cache, "900000002").write_bytes(b"torn")
    assert qc(cache, out) == 0
    assert [json.loads(line)["subject"] for line in journal.read_text().splitlines()[3:]] == ["900000002"]
    findings = table(out)
    torn = findings[(findings["subject"] == "900000002") & (findings["severity"] == "rejected")]
    assert torn["message"].str.contains("run `prepare` again").all()
    assert list(table(out, "measures")["subject"]) == ["900000001", "900000003"]
