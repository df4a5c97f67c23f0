import numpy as np
import pytest

from cmr_ssl.phantom.heart import build_heart, infarct
from cmr_ssl.phantom.pathology import DISEASES
from cmr_ssl.phantom.person import draw_person
from cmr_ssl.phantom.surfaces import volume_ml
from cmr_ssl.phantom.timing import beat
from cmr_ssl.volumes import MUSCLE_G_PER_ML

SUBJECTS = [(name, index) for name in DISEASES for index in (1, 2)]


def build(name, index):
    subject = draw_person(9, index, name)
    return subject, build_heart(subject, beat(subject.body, subject.shape, 12))


@pytest.mark.parametrize(("name", "index"), SUBJECTS)
def test_every_chamber_has_the_subjects_volumes(name, index):
    subject, heart = build(name, index)
    v = subject.volumes
    told = [(v.lvedv, v.lvesv), (v.rvedv, v.rvesv), (v.lavmax, v.lavmin), (v.ravmax, v.ravmin)]
    for surface, largest_smallest in zip((heart.endo, heart.rv, heart.la, heart.ra), told, strict=True):
        volume = volume_ml(surface)
        assert (volume.max(), volume.min()) == pytest.approx(largest_smallest, rel=1e-3)


@pytest.mark.parametrize(("name", "index"), SUBJECTS)
def test_muscle_is_incompressible_the_wall_everywhere_there_and_the_rv_nowhere_inside_out(name, index):
    subject, heart = build(name, index)
    mass = (volume_ml(heart.epi) - volume_ml(heart.endo)) * MUSCLE_G_PER_ML
    np.testing.assert_allclose(mass, subject.volumes.lvm, rtol=2e-3)
    assert (heart.epi.square[:, :, 1:] > heart.endo.square[:, :, 1:]).all()
    assert (heart.rv.square >= 0).all()
    assert heart.rv.square[:, :, [0, -1]].max() < 1e-4


def test_valve_planes_descend_and_apex_and_roofs_stand_still():
    _, heart = build("normal", 1)
    es = int(heart.beat.lv.argmin())
    assert heart.mitral[0] == 0.0
    assert -20 < heart.mitral[es] < -7
    assert heart.ra.bottom[es] < heart.ra.bottom[0] - 8
    for still in (heart.epi.bottom, heart.la.top, heart.ra.top):
        assert np.ptp(still) < 1e-9
    np.testing.assert_array_equal(heart.la.bottom, heart.mitral)


def test_the_wall_thickens_in_systole_but_not_where_it_is_infarcted():
    subject, heart = build("infarct", 1)
    es = int(heart.beat.lv.argmin())
    wall = np.sqrt(heart.epi.square[[0, es], :, 25]) - np.sqrt(heart.endo.square[[0, es], :, 25])
    dead = infarct(subject.shape)[:, 25]
    thickening = wall[1] / wall[0] - 1
    assert dead.max() > 0.9
    assert thickening[dead < 0.05].mean() > 0.3
    assert thickening[dead > 0.95].mean() < 0.5 * thickening[dead < 0.05].mean()


def test_an_asymmetric_septum_is_thicker_than_the_free_wall_and_an_overloaded_rv_flattens_it():
    _, heart = build("asymmetric_hypertrophy", 1)
    wall = np.sqrt(heart.epi.square[0, :, 44]) - np.sqrt(heart.endo.square[0, :, 44])
    septum, free = wall[len(wall) // 2], wall[0]
    assert septum > 1.4 * free
    _, heart = build("rv_overload", 1)
    radius = np.sqrt(heart.endo.square[0, :, 44])
    assert radius[len(radius) // 2] < 0.96 * radius[0]
