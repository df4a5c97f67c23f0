import pytest

import cmr_ssl


def test_every_name_is_there_and_no_other():
    assert set(cmr_ssl.__all__) == {*cmr_ssl.MODULES, "phantom"} < set(dir(cmr_ssl))
    assert all(callable(getattr(cmr_ssl, name)) for name in cmr_ssl.__all__)
    with pytest.raises(AttributeError, match=r"cmr_ssl has no lode; it has .*load"):
        _ = cmr_ssl.lode


def test_a_phantom_is_made_however_its_package_was_loaded():
    import cmr_ssl.phantom.cohort_spec

    assert callable(cmr_ssl.phantom)
