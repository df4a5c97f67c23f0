import numpy as np
import pytest

from cmr_ssl.phantom.bands import MIDDLE_MM, OffResonance, banding, draw_field
from cmr_ssl.phantom.prescription import Placement
from cmr_ssl.phantom.scanner import MainField

TURNED = Placement(np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([10.0, 20.0, 30.0]))


def test_a_band_is_where_spins_turn_half_a_cycle_is_alike_on_both_sides_and_comes_back_every_cycle():
    on, flank, band, again = banding(np.array([0.0, 0.25, 0.5, 1.0]))
    assert on == again == pytest.approx(1.0)
    assert 0.8 < flank < 0.9
    assert band < 0.1
    turns = np.linspace(-0.5, 0.5, 201)
    signal = banding(turns)
    np.testing.assert_allclose(signal, signal[::-1], atol=1e-6)
    assert np.mean(signal > 0.7) > 0.6
    assert signal.max() < 1.05


def test_the_field_is_what_it_says_from_the_middle_of_the_heart_and_a_pocket_turns_with_it():
    field = OffResonance(0.1, np.array([0.2, 0.0, 0.0]), np.array([0.3, 0.0, 0.0]), 0.0)
    middle = TURNED.origin + MIDDLE_MM  # TURNED keeps the long axis
    along = field.cycles(middle + np.outer([0.0, 100.0, -50.0], [1, 0, 0]), TURNED)
    assert along == pytest.approx([0.1, 0.6, 0.1 - 0.1 + 0.075])
    pocket, lateral = OffResonance(0.0, np.zeros(3), np.zeros(3), 0.4), np.array([-42.0, -26.0, -45.0])
    there, unturned = pocket.cycles(TURNED.origin + np.stack([TURNED.rotation @ lateral, lateral]), TURNED)
    assert there == pytest.approx(0.4)
    assert unturned < 0.05


def test_a_field_without_fault_is_none_and_takes_as_many_numbers_as_any():
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    assert draw_field(one, MainField()) is None
    assert draw_field(other, MainField(slope=(0.1, 0.2))) is not None
    assert one.random() == other.random()
