import pytest

from cmr_ssl.cohort.withdrawal import NONE_WITHDRAWN
from cmr_ssl.evaluation import evaluate_labels
from cmr_ssl.evaluation.paired_labels import PairedLabels
from cmr_ssl.sources.label_folder import LabelFolder
from cmr_ssl.workers import Workers
from tests.evaluation.hearts import drawn, write
from tests.labelled import UKB


@pytest.fixture
def labels(tmp_path):
    for subject in "abc":
        write(tmp_path / "p", subject, drawn(shift=1))
        write(tmp_path / "t", subject, drawn())
    return PairedLabels(LabelFolder(tmp_path / "p", [UKB]), LabelFolder(tmp_path / "t", [UKB], partial=True))


def test_what_is_done_is_not_done_again_and_what_changed_is(labels, tmp_path, monkeypatch):
    def run(**options):
        asked = {"every_frame": False, "overwrite": False} | options
        return evaluate_labels.evaluate_labels(
            labels, tmp_path / "out", workers=Workers(), withdrawn=NONE_WITHDRAWN, **asked
        )

    first = run()
    assert len(first.wholes) == 3 * 3 * 2
    worked = []
    real = evaluate_labels.compare_subject
    monkeypatch.setattr(
        evaluate_labels,
        "compare_subject",
        lambda every, subject, pair: worked.append(subject) or real(every, subject, pair),
    )
    assert run().wholes.equals(first.wholes)
    assert worked == []
    write(tmp_path / "p", "b", drawn(shift=2))
    assert not run().wholes.equals(first.wholes)
    assert worked == ["b"]
    run(every_frame=True)
    assert worked == ["b", "a", "b", "c"]
