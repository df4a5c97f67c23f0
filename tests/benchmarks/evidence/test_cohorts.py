from benchmarks.evidence.cohorts import VIEWS, labelled
from benchmarks.evidence.settings import REHEARSAL_SEED, Settings, quick
from cmr_ssl.data.datamodule import CineDataModule


def test_a_draw_labels_the_subjects_that_training_would_be_given(hearts):
    data = CineDataModule(str(hearts / "cache"), VIEWS, 2, 0, fractions=(0.7, 0.1, 0.2), train_subjects=3, seed=4)
    everybody = CineDataModule(str(hearts / "cache"), VIEWS, 2, 0, fractions=(0.7, 0.1, 0.2))
    data.setup("test")
    everybody.setup("test")
    assert labelled(everybody.subjects["train"], 3, 4) == data.subjects["train"]


def test_no_published_heart_is_pretrained_on_or_shown_by_the_quick_version(tmp_path):
    whole, brief = Settings(tmp_path, scanners={"noisy": ("--scanner", "noisy")}), quick(tmp_path)
    seeds = {cohort.phantom[cohort.phantom.index("--seed") + 1] for cohort in (whole.freshly(), *whole.pathologies())}
    assert len(seeds) == 8
    assert whole.developed().phantom[3] not in seeds
    assert str(REHEARSAL_SEED) not in seeds
    assert brief.freshly().phantom[3] == str(REHEARSAL_SEED)
    noisy = whole.domains()["noisy"]
    assert noisy.phantom == (*whole.freshly().phantom, "--scanner", "noisy")
    places = [one.cache for one in (whole.developed(), whole.freshly(), noisy, *whole.pathologies(), brief.freshly())]
    assert len(set(places)) == len(places)
