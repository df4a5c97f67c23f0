import numpy as np
import pandas as pd
import pytest

from cmr_ssl.phantom.cohort_spec import PRESETS, CohortSpec
from cmr_ssl.phantom.pathology import DISEASES, Pathology
from cmr_ssl.phantom.patients import patient_table_row
from cmr_ssl.phantom.person import PhantomStudy, build_world, draw_person, generators, scan
from cmr_ssl.phantom.series_pixels import World


@pytest.fixture(scope="session")
def study() -> PhantomStudy:
    return scan(CohortSpec(7, "small", "normal", "none"), 1)


@pytest.fixture(scope="session")
def worlds() -> dict[Pathology, World]:
    found = {}
    for index, pathology in enumerate(DISEASES, start=1):
        _, lying, scanning, _ = generators(3, index)
        found[pathology] = build_world(draw_person(3, index, pathology), PRESETS["small"], lying, scanning)
    return found


@pytest.fixture(scope="session")
def patients():
    return [patient_table_row(CohortSpec(11, "small", "mixed", "none"), index) for index in range(1, 601)]


@pytest.fixture(scope="session")
def table(patients) -> pd.DataFrame:
    """Return the table of all patients, NaN where nobody knows."""
    return pd.DataFrame(patients).replace("", np.nan)
