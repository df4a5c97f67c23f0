import pytest
import torch

from cmr_ssl.masking import (
    LongAxisDropout,
    PlaneDropout,
    RandomMasking,
    StackEndDropout,
    TubeMasking,
    draw_noise,
    mask,
    needed_planes,
    visible_tokens,
)
from cmr_ssl.metrics import visible_planes
from cmr_ssl.models.tokens import Grid
from cmr_ssl.tasks import PhenotypeTask
from tests.tiny import affines, tiny_encoder, tiny_task

GRID = Grid(6, 4, 3, 3)  # 36 tokens a plane
VISIBLE = 65  # needs two planes
RULES = {
    "random": [RandomMasking()],
    "tube": [TubeMasking()],
    "random and planes": [RandomMasking(), PlaneDropout(0.5)],
    "tube and planes": [PlaneDropout(1.0), TubeMasking()],
    "all that drop planes": [PlaneDropout(0.5), LongAxisDropout(0.7), StackEndDropout(0.7, 1.0), RandomMasking()],
}
every_rule = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


def masked(rules, present=None, seeds=range(8)):
    present = torch.ones(len(seeds), GRID.planes, dtype=torch.bool) if present is None else present
    return mask(rules, draw_noise(len(rules), GRID, seeds), present, affines(3).expand(len(seeds), -1, -1, -1), VISIBLE)


def present_planes(*planes, subjects=8):
    present = torch.zeros(subjects, GRID.planes, dtype=torch.bool)
    present[:, planes] = True
    return present


@every_rule
def test_visible_and_hidden_tokens_are_all_tokens_and_the_budget_is_exact(rules):
    result = masked(rules)
    assert result.visible.shape == (8, VISIBLE)
    every = torch.cat([result.visible, result.hidden], dim=1).sort(dim=1).values
    assert torch.equal(every, torch.arange(GRID.tokens).expand(8, -1))


@every_rule
@pytest.mark.parametrize("planes", [(0, 5), (1, 2, 4)])
def test_absent_planes_are_never_visible(rules, planes):
    present = present_planes(*planes)
    result = masked(rules, present)
    exists = present.repeat_interleave(GRID.per_plane, dim=1)
    assert exists.gather(1, result.visible).all()


@every_rule
def test_a_mask_depends_on_its_seed_only_and_different_seeds_hide_different_tokens(rules):
    assert torch.equal(masked(rules, seeds=[3, 5]).visible[1:], masked(rules, seeds=[5]).visible)
    assert len({tuple(ids.sort().values.tolist()) for ids in masked(rules).visible}) == 8


def test_rules_that_together_drop_too_much_give_back_whole_planes():
    rules = [LongAxisDropout(1.0), StackEndDropout(1.0, 1.0), RandomMasking()]  # either alone leaves enough
    seen = visible_planes(masked(rules, seeds=range(64)).visible, GRID)
    stack = seen[:, 3:].sum(dim=1)
    assert seen.sum(dim=1).max() <= 3
    assert (stack < 3).all()
    assert seen.sum(dim=1).min() == 2


def test_composed_rules_do_not_share_their_noise():
    noise = draw_noise(2, GRID, [0])
    assert not torch.equal(noise[:, 0], noise[:, 1])
    assert 0 <= noise.min() < noise.max() < 1


@pytest.mark.parametrize(("ratio", "visible", "planes"), [(0.7, 65, 2), (0.5, 108, 3), (0.99, 2, 1), (0.83, 37, 2)])
def test_the_mask_ratio_fixes_the_budget_and_that_how_many_planes_are_needed(ratio, visible, planes):
    assert visible_tokens(GRID, ratio) == visible
    assert needed_planes(GRID, visible) == planes
    assert (needed_planes(GRID, 36), needed_planes(GRID, 216)) == (1, 6)


@pytest.mark.parametrize("ratio", [0.0, 1.0, -0.1, 1.5, 0.999])
def test_a_mask_ratio_that_hides_nothing_or_all_is_refused(ratio):
    with pytest.raises(ValueError, match=f"mask_ratio {ratio} leaves .* of 216 tokens visible"):
        visible_tokens(GRID, ratio)


def test_rules_that_choose_no_tokens_within_planes_are_refused_by_every_task_that_masks():
    rules = [PlaneDropout(0.5), LongAxisDropout(), StackEndDropout()]
    with pytest.raises(ValueError, match="PlaneDropout, LongAxisDropout, StackEndDropout, which chooses no tokens"):
        tiny_task(masking=rules)
    with pytest.raises(ValueError, match="add a rule that does, for example"):
        PhenotypeTask(["LVEF (%)"], encoder=tiny_encoder(), masking=rules[:1], mask_ratio=0.5)
    assert tiny_task(masking=[TubeMasking(), *rules])
