import pytest
import torch

from cmr_ssl.kspace import CentralLines
from tests.kspace.tiny_lines import line_encoder, lines_of
from tests.tiny import tiny_batch

ENCODER = line_encoder()


def pooled(study, tokens, **how):
    encoded = ENCODER.encode_lines(study)._replace(tokens=tokens, patches=tokens[..., :0])
    return CentralLines(ENCODER, **how)(encoded)


def test_a_study_becomes_as_many_features_as_said():
    lines = lines_of()
    pooling = CentralLines(ENCODER, 2, (-10.0, 10.0, 30.0), beats=4)
    vector = pooling(ENCODER.encode_lines(lines))
    assert vector.shape == (2, pooling.width) == (2, 2 * 3 * 4 * 2 * 32)


def test_each_central_line_is_averaged_by_itself_and_lines_further_out_do_not_count():
    lines = lines_of()
    number = lines.seen().where.cell[..., 2:3].float()
    vector = pooled(lines, number, lines=4, along_mm=(0.0,), beats=2)
    assert vector[0].tolist() == pytest.approx([-2, -2, -1, -1, 0, 0, 1, 1])


def test_times_and_levels_are_kept_apart():
    lines = lines_of(tiny_batch(slices=5, views=()))
    where = lines.seen().where
    phase = pooled(lines, where.phase[..., None], lines=1, along_mm=(0.0,), beats=4)[0]
    assert phase.tolist() == pytest.approx([0.125, 0.375, 0.625, 0.875], abs=1e-4)
    height = pooled(lines, where.centre[..., 2:], lines=1, along_mm=(-20.0, 20.0), reach_mm=2.0, beats=1)[0]
    assert height.tolist() == pytest.approx([-20, 20], abs=0.1)


def test_absent_planes_do_not_count():
    batch = tiny_batch(slices=5, views=())
    batch.present[:, 0] = False
    lines = lines_of(batch)
    tokens = lines.visible[..., None].float()
    other = torch.where(lines.seen().exists[..., None], tokens, -1e3)
    assert torch.equal(pooled(lines, tokens), pooled(lines, other))


@pytest.mark.parametrize("wrong", [{"lines": 0}, {"along_mm": ()}, {"reach_mm": 0.0}, {"beats": 0}])
def test_a_pooling_of_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="pooling needs lines, levels, a reach and a beat"):
        CentralLines(ENCODER, **wrong)
