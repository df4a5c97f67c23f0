from cmr_ssl.cohort.splits import hashed_split
from experiments.reliability.settings import FRACTIONS, Settings


def test_those_who_are_tested_never_calibrated_and_scanners_share_no_heart(tmp_path):
    settings = Settings(tmp_path)
    assert {hashed_split(subject, FRACTIONS) for subject in settings.tested} == {"test"}
    assert len(settings.tested) >= settings.rescanned
    phantoms = [cohort.phantom for cohort in (settings.usual, *settings.others.values())]
    assert len({words[words.index("--seed") + 1] for words in phantoms}) == 3
