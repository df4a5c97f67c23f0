import ast

from cmr_ssl.preparation.checks.limits import LIMITS
from cmr_ssl.preparation.finding_codes import ARCHIVES, CODES, PREPARING
from tests.runs import ROOT

# calls with a code, and at which place
MAKERS = {"Finding": 0, "Refusal": 0, "add": 0, "rejected_slices": 2, "_fill": 3, "to_retry": 1}


def codes_in(source: str) -> set[str]:
    """Return the codes that a module gives to findings."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = MAKERS.get(name, len(node.args))
            if place < len(node.args) and isinstance(node.args[place], ast.Constant):
                found.add(node.args[place].value)
    return {code for code in found if isinstance(code, str)}


def test_every_code_that_is_given_has_a_meaning():
    given = {
        code
        for part in ("data", "preparation", "sources", "cohort", "dicom", "runner")
        for path in (ROOT / "cmr_ssl" / part).rglob("*.py")
        for code in codes_in(path.read_text())
    }
    refused = {"unsafe-name", "link", "encrypted", "compression", "too-large"}  # keys of a table in `dicom.archive`
    assert len(given) > 50
    assert given | refused == {*ARCHIVES, *PREPARING}


def test_a_code_has_one_meaning():
    assert len(CODES) == len(ARCHIVES) + len(PREPARING) + len(LIMITS)
    assert all(CODES.values())
