import numpy as np

from cmr_ssl.export.comparison import same


def test_sameness_is_that_of_every_number_and_of_nearly_all_labels():
    ours = np.linspace(0, 200, 100, dtype=np.float32)
    assert same(ours, ours * (1 + 5e-5))
    assert not same(ours, ours + np.float32(0.1))
    assert not same(ours, ours[:-1])
    labels = np.zeros(20_000, np.uint8)
    one_off, many_off = labels.copy(), labels.copy()
    one_off[0], many_off[:9] = 1, 1
    assert same(labels, one_off)
    assert not same(labels, many_off)
