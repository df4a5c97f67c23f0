import pytest

import cmr_ssl
from tests.test_imports import modules_after


def test_importing_the_package_loads_nothing_else_and_studies_are_read_made_and_drawn_without_torch():
    loaded = modules_after("import cmr_ssl")
    assert {name for name in loaded if name.startswith("cmr_ssl")} == {"cmr_ssl"}
    assert not {"numpy", "torch", "pandas"} & loaded
    code = "import cmr_ssl\ncmr_ssl.read, cmr_ssl.measure, cmr_ssl.plot, cmr_ssl.phantom, cmr_ssl.Study"
    loaded = modules_after(code)
    assert "cmr_ssl.any_study" in loaded
    assert not {"torch", "lightning", "monai", "matplotlib"} & loaded


def test_every_name_is_there_and_no_other():
    assert set(cmr_ssl.__all__) == {*cmr_ssl.MODULES, "phantom"} < set(dir(cmr_ssl))
    assert all(callable(getattr(cmr_ssl, name)) for name in cmr_ssl.__all__)
    with pytest.raises(AttributeError, match=r"cmr_ssl has no lode; it has .*load"):
        _ = cmr_ssl.lode


def test_a_phantom_is_made_however_its_package_was_loaded():
    code = "import cmr_ssl.phantom.cohort_spec, cmr_ssl\nassert callable(cmr_ssl.phantom)"
    assert "cmr_ssl.phantom.cohort_spec" in modules_after(code)
