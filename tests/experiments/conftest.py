import pytest

from tests.runs import ROOT


@pytest.fixture(autouse=True)
def at_root(monkeypatch):
    """Start where configs lie."""
    monkeypatch.chdir(ROOT)
