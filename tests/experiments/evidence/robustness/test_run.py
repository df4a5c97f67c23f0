import pickle

from experiments.evidence.robustness.run import jobs
from experiments.evidence.robustness.settings import Settings


def test_every_job_can_be_given_to_a_worker(tmp_path):
    settings = Settings(tmp_path)
    assert settings.scenarios
    asked = [*jobs(settings, tmp_path)]
    assert len({pickle.dumps(job) for job in asked}) == len(asked) == 4 + len(settings.segmenters)
