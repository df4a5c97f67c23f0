import math
from itertools import pairwise

import pytest
import torch

from cmr_ssl.robustness.scenarios import FLAWED, FLAWED_PLANES, FLAWS, HALF, NAMED, RANDOM, scenarios
from tests.tiny import some_of, tiny_batch

BATCH = tiny_batch(subjects=6, slices=7)  # three long-axis planes, then seven slices from base to apex
EVERYTHING = list(scenarios(10, seed=0))
NAMES = [f"{one.name} {one.planes}" for one in EVERYTHING]


def named(name, planes=None):
    (found,) = [one for one in EVERYTHING if one.name == name and planes in (None, one.planes)]
    return found


def left(name, batch=BATCH):
    """Return which planes are left, one text a subject."""
    return ["".join("-x"[one] for one in row) for row in named(name).apply(batch).present.tolist()]


def changed(scenario, batch=BATCH):
    return (scenario.apply(batch).images != batch.images).flatten(2).any(dim=2)


def test_every_kind_of_scenario_is_there_under_its_own_name_and_nothing_is_wrong_with_the_first():
    kinds = [one.kind for one in EVERYTHING]
    assert kinds.count(NAMED) == 9
    assert kinds.count(FLAWED) == len(FLAWS) * len(FLAWED_PLANES) + 1
    assert len(set(NAMES)) == len(EVERYTHING)
    assert EVERYTHING[0].apply(BATCH) is BATCH


@pytest.mark.parametrize("scenario", EVERYTHING, ids=NAMES)
def test_a_scenario_repeats_does_not_touch_the_batch_and_depends_on_subjects_only(scenario):
    batch = BATCH._replace(images=BATCH.images.clone(), present=BATCH.present.clone())
    first = scenario.apply(batch)
    assert torch.equal(batch.images, BATCH.images)
    assert torch.equal(batch.present, BATCH.present)
    one = scenario.apply(some_of(batch, slice(3, 4)))
    torch.testing.assert_close(one.images[0], first.images[3])
    assert torch.equal(one.present[0], first.present[3])
    other = next(again for again in scenarios(10, seed=0) if again[:3] == scenario[:3]).apply(batch)
    assert torch.equal(other.images, first.images)


@pytest.mark.parametrize("scenario", [one for one in EVERYTHING if one.kind != FLAWED], ids=lambda one: one.name)
def test_missing_planes_are_absent_and_blank_and_the_others_as_they_were(scenario):
    spoiled = scenario.apply(BATCH)
    assert (spoiled.images[~spoiled.present] == 0).all()
    assert torch.equal(spoiled.images[spoiled.present], BATCH.images[spoiled.present])
    assert spoiled.present.any(dim=1).all()


MISSING = {
    "no long axis": "---xxxxxxx",
    "no basal third": "xxx---xxxx",
    "no apical third": "xxxxxxx---",
    "every second slice": "xxxx-x-x-x",
    "long axis only": "xxx-------",
    "stack begins lower": "xxx-xxxxxx",
}


def test_what_is_missing_by_name():
    assert {name: left(name) for name in MISSING} == {name: [wanted] * 6 for name, wanted in MISSING.items()}


def test_a_turned_patient_has_the_same_planes_elsewhere_whatever_the_precision():
    turned = named("patient lies turned").apply(BATCH)
    assert all(torch.equal(*pair) for pair in [(turned.images, BATCH.images), (turned.present, BATCH.present)])
    before, after = BATCH.affine[..., :2, 3], turned.affine[..., :2, 3]
    torch.testing.assert_close(after.norm(dim=-1), before.norm(dim=-1))
    inner = (before * after).sum(-1) / before.square().sum(-1)
    torch.testing.assert_close(inner, torch.full_like(inner, math.cos(math.radians(20))))
    torch.testing.assert_close(turned.affine[..., 2, :], BATCH.affine[..., 2, :])
    turn = named("patient lies turned").apply
    with torch.autocast("cpu", torch.bfloat16):
        mixed = turn(BATCH)
    assert torch.equal(mixed.affine, turn(BATCH).affine)


def test_slices_are_counted_among_those_that_exist():
    batch = BATCH._replace(present=BATCH.present.clone())
    batch.present[:, [3, 5]] = False  # 4, 6, 7, 8, 9 are left
    assert left("no basal third", batch) == ["xxx----xxx"] * 6
    assert left("every second slice", batch) == ["xxx-x--x-x"] * 6


def test_one_long_axis_view_stays_beside_the_short_axis():
    rows = left("one long-axis view")
    assert {row[3:] for row in rows} == {"xxxxxxx"}
    assert {row[:3].count("x") for row in rows} == {1}
    assert len({row[:3] for row in rows}) > 1


@pytest.mark.parametrize(("name", "count"), [("1 missing", 9), ("8 missing", 2), (HALF, 5), ("all but one", 1)])
def test_so_many_planes_are_left_at_random(name, count):
    rows = left(name)
    assert {row.count("x") for row in rows} == {count}
    assert len(set(rows)) > 1


def test_one_plane_stays_whatever_is_asked():
    batch = BATCH._replace(present=BATCH.present.clone())
    batch.present[:, 3:] = False
    assert {row.count("x") for row in left("8 missing", batch)} == {1}
    assert {row.count("x") for row in left("only 3 planes", batch)} == {3}


def test_worse_contains_milder():
    random = [one for one in EVERYTHING if one.kind == RANDOM and one.planes]
    present = [one.apply(BATCH).present for one in random]
    assert all((worse <= milder).all() for milder, worse in pairwise(present))
    for name in FLAWS:
        milder, worse, worst = (changed(named(name, planes)) for planes in FLAWED_PLANES)
        assert (milder <= worse).all()
        assert (worse <= worst).all()


@pytest.mark.parametrize("name", FLAWS)
@pytest.mark.parametrize("planes", FLAWED_PLANES)
def test_so_many_planes_are_flawed_and_none_is_missing(name, planes):
    scenario = named(name, planes)
    assert changed(scenario).sum(dim=1).tolist() == [planes] * 6
    assert scenario.apply(BATCH).present.all()
    assert torch.equal(scenario.apply(BATCH).affine, BATCH.affine)


def test_a_flaw_that_few_planes_can_have_is_given_to_all_of_these():
    batch = BATCH._replace(present=BATCH.present.clone())
    batch.present[:, 6:] = False
    assert changed(named("shifted through plane", 5), batch)[:, 3:6].all()
    swapped = changed(named("two views swapped"))
    assert swapped[:, :3].sum(dim=1).tolist() == [2] * 6
    assert not swapped[:, 3:].any()
