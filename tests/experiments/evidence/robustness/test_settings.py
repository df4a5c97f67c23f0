from cmr_ssl.robustness.scenarios import HALF, SWAPPED
from experiments.evidence.arms import RAW, SHIPPED, TOKENS, UNTRAINED
from experiments.evidence.features import portions
from experiments.evidence.robustness.settings import Settings
from experiments.evidence.studies import ALL, LONG_AXIS, ONLY_3, called, condition_of
from tests.tiny import tiny_batch


def test_every_scenario_of_the_tables_is_a_condition_of_its_own_that_the_evidence_can_make(tmp_path):
    settings, batch = Settings(tmp_path), tiny_batch(slices=12)
    names = [called(one) for one in settings.scenarios]
    assert len(set(names)) == len(names)
    assert {ALL, HALF, ONLY_3, LONG_AXIS, SWAPPED, "10 missing", "noise, 3 planes"} < {*names}
    for name in names:
        assert condition_of(name, batch.images.shape[1])(batch).images.shape == batch.images.shape
    assert {condition for portion in portions(settings.study) for condition in portion.conditions} >= {*names}


def test_heads_are_given_every_control_beside_what_was_pretrained(tmp_path):
    settings = Settings(tmp_path)
    settings.usual.checkpoint.parent.mkdir(parents=True)
    settings.usual.checkpoint.write_text("weights")
    arms = [arm for source in settings.sources for arm in source.arms]
    assert arms == [RAW, UNTRAINED, UNTRAINED, TOKENS, SHIPPED]
    assert [arm.name for arm in settings.plan.arms] == ["ResNet"]
    assert settings.segmenters[0].pretraining is settings.usual
