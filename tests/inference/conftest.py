import pytest

from tests import studies


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """Return a folder with three small studies of a short axis and a four-chamber view."""
    folder = tmp_path_factory.mktemp("source")
    for subject in ("900000001", "900000002", "900000003"):
        studies.write_study(folder, studies.study(("sa", "la_4ch"), subject, frames=8, frame_ms=110.0))
    return folder
