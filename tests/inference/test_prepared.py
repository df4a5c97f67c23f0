import dataclasses

import numpy as np
import pytest
import torch

from cmr_ssl.inference.prepared import cached_planes, prepare
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.tasks.base import Task
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.trained import Trained
from tests import studies

CPU = torch.device("cpu")
VIEWS = {"sa": 12, "la_4ch": 1}


@pytest.fixture(scope="module")
def trained():
    preparation = dataclasses.asdict(Preparation(size=24, spacing_mm=5.0, frames=8))
    return Trained(Task(Optimisation()), VIEWS, preparation, {})


def test_a_study_stays_as_it_was_read_although_preparing_mends_it(trained):
    study = studies.study(("sa", "la_4ch"), frames=8)
    study.series[0].pixels[:, :, 2, 3] = 100  # a blank frame
    before = study.images["sa"].copy()
    heart = prepare(study, trained, CPU)
    assert "repaired" in {found.severity for found in heart.findings}
    np.testing.assert_array_equal(study.images["sa"], before)
    assert study.series[0].acquired.all()
    assert study.findings == []
    assert not np.array_equal(heart.study.images["sa"], before)


def test_a_batch_has_room_for_the_views_of_the_training_or_for_every_plane(trained):
    study = studies.study(("sa", "la_2ch", "la_4ch"), frames=8)
    every, fixed = prepare(study, trained, CPU), prepare(study, trained, CPU, VIEWS)
    assert [*every.batch.subject, *fixed.batch.subject] == [study.subject] * 2
    assert every.batch.present.all()
    assert (every.batch.images.shape[1], fixed.batch.images.shape[1]) == (11, 13)
    assert int(fixed.batch.present.sum()) == 10
    index = cached_planes(every.planes, every.batch.affine[0].numpy())
    np.testing.assert_array_equal(every.batch.images[0].numpy(), every.planes.images[index] / np.float32(255))


def test_a_study_without_a_plane_of_the_training_or_without_a_whole_beat_is_refused(trained):
    with pytest.raises(ValueError, match="2 frames of the study are no whole beat"):
        prepare(studies.study(frames=2), trained, CPU)
    with pytest.raises(ValueError, match="no plane of sa, la_4ch"):
        prepare(studies.study(("la_2ch",), frames=8), trained, CPU, VIEWS)
