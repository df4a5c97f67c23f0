from functools import partial

import pytest
import torch

from cmr_ssl.models import CrossAttentionDecoder
from cmr_ssl.models.baselines import PlaneUNet
from cmr_ssl.tasks import LineSegmentationTask
from tests.kspace.tiny_lines import line_encoder
from tests.tiny import tiny_batch


def test_vectors_of_a_study_come_from_its_lines_and_without_an_encoder_of_these_it_is_refused():
    decoder = partial(CrossAttentionDecoder, width=32, depth=1, heads=2)
    task = LineSegmentationTask(PlaneUNet(4), line_encoder(), decoder=decoder).eval()
    with torch.inference_mode():
        vectors = task.embed(tiny_batch()).by_name()
    assert all(len(one) == 2 and one.isfinite().all() for one in vectors.values())
    with pytest.raises(ValueError, match="which encoder"):
        LineSegmentationTask(PlaneUNet(4))
