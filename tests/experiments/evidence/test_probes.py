from concurrent.futures import Executor, Future

import pytest

from experiments.cohorts import Cohort
from experiments.evidence.arms import BOTH, CLASS, CONTROLS, SHIPPED, TOKENS, WHOLE, controls, pretrained
from experiments.evidence.probes import draws
from experiments.evidence.results import comparisons, means, predictions
from experiments.evidence.run import carry_out
from experiments.evidence.studies import CONDITIONS, TARGETS, Domain, Study
from tests.untrained import write_untrained

WAYS = ("", ", varied heads", ", centred", ", centred, varied heads")
FRACTIONS = (0.6, 0.0, 0.4)


class Here(Executor):
    """Carries out jobs at once in this process."""

    def submit(self, work, *job):
        done = Future()
        done.set_result(work(*job))
        return done


def test_every_arm_answers_every_test_of_every_draw_once_and_the_same_again(hearts, tmp_path):
    checkpoint = write_untrained(tmp_path.with_name("encoder") / "checkpoints" / "last.ckpt", "pretraining")
    cohort = Cohort("hearts", hearts / "cohort", hearts / "cache", fractions=FRACTIONS)
    domain = Domain(cohort._replace(name="other scanner"), cohort)
    study = Study(tmp_path, cohort, (domain,), unlabelled=cohort, labels=(2, 4), draws=2)
    sources = [*controls(checkpoint), pretrained(checkpoint)]
    carry_out(Here(), study, sources)
    found = predictions(tmp_path)
    assert set(found["arm"]) == {*CONTROLS, TOKENS, SHIPPED, CLASS, WHOLE, BOTH}
    assert set(found["test"]) == {*CONDITIONS, *(f"scanner other scanner{way}" for way in WAYS)}
    one = found[found["arm"] == TOKENS]
    assert len(one) == 2 * 2 * 8 * one["subject"].nunique() * len(TARGETS)
    same = one.pivot_table(index=["labels", "draw", "subject", "target"], columns="test", values="predicted")
    assert (same["all planes"] == same["scanner other scanner"]).all()
    assert (same["all planes"] == same["scanner other scanner, centred"]).all()  # it is the usual scanner
    assert (same["all planes"] != same["only 3 planes"]).any()
    assert (same["all planes"] != same["scanner other scanner, varied heads"]).any()
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()}
    carry_out(Here(), study, sources)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()} == before
    assert means(found)["value"].notna().all()
    assert len(comparisons(found, [(TOKENS, CONTROLS[0])])) == 2 * 8 * len(TARGETS)


def test_more_labels_than_subjects_are_refused(tmp_path):
    study = Study(tmp_path, Cohort("hearts", tmp_path, tmp_path), labels=(2, 40))
    with pytest.raises(ValueError, match="40 labels are asked for, but 3 subjects"):
        next(draws(study, ["a", "b", "c"]))
