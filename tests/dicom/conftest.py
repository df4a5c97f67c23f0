import pytest

from tests.dicoms import study_files


@pytest.fixture(scope="session")
def clean():
    """Return the files of a clean study."""
    return study_files()
