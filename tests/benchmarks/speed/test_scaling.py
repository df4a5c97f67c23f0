import pytest
from benchmarks.scaling import exponent


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5])
def test_the_exponent_of_a_power_law_is_its_power(power):
    sizes = [512, 1024, 2048, 4608]
    assert exponent(sizes, [3.0 * size**power for size in sizes]) == pytest.approx(power)
