import pytest

from cmr_ssl.callbacks import RidgeStart


def test_a_config_that_lists_the_ridge_start_is_told_where_it_went():
    with pytest.raises(ValueError, match=r"trainer\.callbacks; .* --model\.head_start '{copies: 4, rows: 5120}'"):
        RidgeStart(copies=4)
