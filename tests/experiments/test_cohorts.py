from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.data.datamodule import CineDataModule
from experiments.cohorts import VIEWS, link
from experiments.evidence.settings import REHEARSAL_SEED, Settings, quick


def test_a_draw_labels_the_subjects_that_training_would_be_given(hearts):
    data = CineDataModule(str(hearts / "cache"), VIEWS, 2, 0, fractions=(0.7, 0.1, 0.2), train_subjects=3, seed=4)
    everybody = CineDataModule(str(hearts / "cache"), VIEWS, 2, 0, fractions=(0.7, 0.1, 0.2))
    data.setup("test")
    everybody.setup("test")
    assert first_subjects(everybody.subjects["train"], 3, 4) == data.subjects["train"]


def test_no_published_heart_is_pretrained_on_or_shown_by_the_quick_version(tmp_path):
    whole, brief = Settings(tmp_path, scanners={"noisy": ("--scanner", "noisy")}), quick(tmp_path)
    seeds = {cohort.phantom[cohort.phantom.index("--seed") + 1] for cohort in (whole.freshly(), *whole.pathologies())}
    assert len(seeds) == 8
    assert whole.developed().phantom[3] not in seeds
    assert str(REHEARSAL_SEED) not in seeds
    assert brief.freshly().phantom[3] == str(REHEARSAL_SEED)
    (noisy,) = whole.domains()
    for elsewhere in noisy:
        assert elsewhere.phantom[-2:] == ("--scanner", "noisy")
        assert elsewhere.phantom[3] not in {*seeds, whole.developed().phantom[3], str(REHEARSAL_SEED)}
    hearts = (*whole.parts(), whole.mixed(), whole.freshly(), noisy.tested, *whole.pathologies(), brief.freshly())
    places = [one.cache for one in hearts]
    assert len(set(places)) == len(places)


def test_scanners_are_mixed_under_ids_that_tell_them_apart_and_keep_the_split_of_the_first(tmp_path):
    usual, other = tmp_path / "usual", tmp_path / "other"
    for source in (usual, other):
        (source / "900000007").mkdir(parents=True)
        (source / "phenotypes.csv").touch()
    for number, source in enumerate((usual, other)):
        link(source, tmp_path / "mixed", number)
        link(source, tmp_path / "mixed", number)  # a second time changes nothing
    found = {place.name: place.resolve() for place in (tmp_path / "mixed").iterdir()}
    assert found == {"900000007": usual / "900000007", "910000007": other / "900000007"}
