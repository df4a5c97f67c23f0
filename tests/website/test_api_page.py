from importlib import import_module

import cmr_ssl
from website.api_page import api_page


def test_every_public_name_has_a_section_that_leads_to_it():
    places = [line.removeprefix("::: ") for line in api_page().splitlines() if line.startswith("::: ")]
    assert {place.rpartition(".")[2] for place in places} == {*cmr_ssl.__all__}
    assert all(hasattr(import_module(module), name) for module, _, name in (place.rpartition(".") for place in places))
