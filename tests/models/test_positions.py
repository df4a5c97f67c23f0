import numpy as np
import pytest
import torch

from cmr_ssl.data.dataset import ALONG
from cmr_ssl.models import AnatomicalPositions, GridPositions
from cmr_ssl.models.positions import FourierFeatures
from cmr_ssl.models.tokens import Coordinates, Grid, coordinates
from tests.caches import long_axis, short_axis
from tests.tiny import PATCH, affines, tiny_encoder

FEATURES = FourierFeatures(16.0, 512.0, 12, 4)


def at(place, phase=0.0):
    """Return coordinates of one token at a place (mm) and phase, in a short-axis plane."""
    return Coordinates(
        centre=torch.tensor(np.array(place, dtype=np.float32))[None, None],
        edges=torch.tensor([[[16.0, 0, 0, 0, 16.0, 0]]]),
        phase=torch.tensor([[phase]], dtype=torch.float32),
        cell=torch.zeros(1, 1, 4, dtype=torch.int64),
        short_axis=torch.ones(1, 1, dtype=torch.bool),
    )


def distance(one, other):
    return (FEATURES(one) - FEATURES(other)).norm().item()


def edges(affine, pixels=8, spacing_mm=1.8269):
    """Return the edges of a published patch in a plane with this direction."""
    directions = affine[:3, :2] / np.linalg.norm(affine[:3, :2], axis=0)
    return torch.tensor(pixels * spacing_mm * directions.T.reshape(1, 1, 6), dtype=torch.float32)


@pytest.mark.parametrize("view", ["la_2ch", "la_3ch", "la_4ch"])
@pytest.mark.parametrize("step_mm", [20.0, 25.0, 30.0])
def test_one_place_in_two_views_is_closer_than_two_places_in_one_view(view, step_mm):
    place = np.array([12.0, -30.0, 25.0])
    short = at(place)._replace(edges=edges(short_axis()))
    together = distance(short, short._replace(edges=edges(long_axis(view))))
    for direction in np.random.default_rng(0).normal(size=(50, 3)):
        away = at(place + step_mm * direction / np.linalg.norm(direction))._replace(edges=short.edges)
        assert 0 < together < 0.8 * distance(short, away)


def test_the_same_place_seen_by_two_views_differs_in_direction_only():
    one, other = at([10.0, -20.0, 30.0]), at([10.0, -20.0, 30.0])._replace(edges=torch.ones(1, 1, 6))
    difference = FEATURES(one) - FEATURES(other)
    assert torch.equal(difference[..., :-6], torch.zeros_like(difference[..., :-6]))
    assert difference[..., -6:].abs().max() > 0.1


def test_the_beat_is_a_circle():
    assert distance(at([1.0, 2.0, 3.0], 0.0), at([1.0, 2.0, 3.0], 1.0)) < 1e-4
    first, second, middle, last = (at([0.0, 0.0, 0.0], phase) for phase in (0.01, 0.03, 0.5, 0.99))
    assert distance(first, last) == pytest.approx(distance(first, second), rel=1e-3)
    assert distance(first, last) < 0.3 * distance(first, middle)


def test_no_two_places_of_the_field_of_view_coincide():
    line = torch.linspace(-160, 160, 81)  # every 4 mm, more than the published field of view
    place = torch.zeros(1, 81, 3)
    place[..., 2] = line
    tokens = at([0.0, 0.0, 0.0])
    features = FEATURES(
        tokens._replace(centre=place, edges=tokens.edges.expand(1, 81, 6), phase=tokens.phase.expand(1, 81))
    )[0]
    apart = torch.cdist(features, features) + 1e6 * torch.eye(81)
    neighbours = apart.diagonal(1)
    assert apart.min() > 0.9 * neighbours.min()
    assert neighbours.min() > 0.5


def test_positions_do_not_depend_on_slice_number_or_view():
    alone = coordinates(affines(1, ()), Grid(1, 2, 2, 2), PATCH)
    among = coordinates(affines(3), Grid(6, 2, 2, 2), PATCH)
    middle = Coordinates(*(field.unflatten(1, (6, 8))[:, 4] for field in among))
    assert torch.equal(FEATURES(alone), FEATURES(middle))


def test_a_model_from_scratch_has_positions():
    for positions in (AnatomicalPositions(), GridPositions()):
        encoding = tiny_encoder(positions).position(coordinates(affines(4), Grid(7, 2, 2, 2), PATCH))
        assert encoding.std(dim=1).mean() > 0.01


def published(slice_frame_row_column, short, width):
    """Compute the published encoding of one token: flag, then sines and cosines of each axis."""
    per_axis = (width - 1) // 4
    omega = 10000.0 ** (-np.arange(per_axis // 2) / (per_axis / 2))
    axes = [np.concatenate([np.sin(index * omega), np.cos(index * omega)]) for index in slice_frame_row_column]
    return np.concatenate([[float(short)], *axes])


def test_grid_positions_equal_the_published_formula_and_need_room_for_every_axis():
    where = coordinates(affines(6), Grid(9, 2, 4, 4), (4, 4, 4))
    encoding = GridPositions().embedding(1025)(where)[0]
    assert encoding.shape == (9 * 32, 1025)
    tokens = np.ndindex(9, 2, 4, 4)
    expected = [published((p if p < 3 else p - 3, t, r, c), p >= 3, 1025) for p, t, r, c in tokens]
    np.testing.assert_allclose(encoding.numpy(), np.array(expected), atol=1e-5)
    with pytest.raises(ValueError, match="at least 9, got 8"):
        GridPositions().embedding(8)


def test_grid_positions_fill_any_other_width_with_zeros_and_do_not_depend_on_missing_planes():
    where = coordinates(affines(2), Grid(5, 1, 2, 2), PATCH)
    padded, exact = GridPositions().embedding(32)(where), GridPositions().embedding(25)(where)
    assert torch.equal(padded[..., :25], exact)
    assert not padded[..., 25:].any()
    missing = affines(4)
    missing[0, 1] = ALONG  # how a sample says that a plane is not there
    grid = Grid(7, 2, 2, 2)
    full, depleted = (coordinates(affine, grid, PATCH).cell.unflatten(1, grid) for affine in (affines(4), missing))
    assert torch.equal(depleted[0, 3:], full[0, 3:])


@pytest.mark.parametrize(
    "options", [{"wavelengths": 0}, {"harmonics": 0}, {"shortest_mm": 0.0}, {"shortest_mm": 600.0}]
)
def test_impossible_anatomical_positions_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        AnatomicalPositions(**options)
