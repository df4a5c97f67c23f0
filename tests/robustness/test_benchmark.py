from pathlib import Path

import pytest

from cmr_ssl.robustness.benchmark import Benchmark, open_data
from cmr_ssl.tasks.trained import load_task
from tests.caches import COHORT, write_cache
from tests.commands.test_robustness import TESTED


def test_data_are_split_as_those_of_the_training_and_too_few_subjects_are_counted(finished_run, cache, tmp_path):
    trained, benchmark = load_task(finished_run), Benchmark(Path(), cache, None, 9, 9, 2, 0)
    assert open_data(benchmark, trained).subjects["test"] == TESTED
    training = [subject for subject in COHORT if subject not in TESTED]
    few = write_cache(tmp_path, {subject: COHORT[subject] for subject in [*training, TESTED[0]]})
    with pytest.raises(ValueError, match="and 1 of its test split: robustness needs at least 2 of each"):
        open_data(benchmark._replace(cache=few), trained)
