import pytest

from experiments.robustness.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(tmp_path_factory.mktemp("evidence"))


def words(options):
    return dict(option.removeprefix("--").split("=", 1) for option in options)


def test_models_differ_from_ours_in_one_thing_each_and_see_the_same_labels(settings):
    ours, *others = (model.pretraining for model in settings.models if model.pretraining)
    assert ours.options == ()
    changed = [[*words(other.options)] for other in others]
    assert sorted(changed) == [["config"], ["model.encoder.positions"], ["model.masking"]]
    told = [words(model.words(settings.cohort)) for model in settings.models]
    data = [{key: value for key, value in one.items() if key.startswith("data.")} for one in told]
    assert all(one == data[0] for one in data)


def test_each_pretraining_is_carried_out_once_and_ends_with_a_validation_that_keeps_a_checkpoint(settings):
    for pretraining in settings.pretrainings:
        told = words(pretraining.options)
        epochs = int(told.get("trainer.max_epochs", 24))
        assert epochs % int(told.get("trainer.check_val_every_n_epoch", epochs)) == 0
    folders = [pretraining.folder for pretraining in settings.pretrainings]
    assert len(folders) == len(set(folders)) == 8
