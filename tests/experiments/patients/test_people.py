import json

import pandas as pd

from cmr_ssl.phantom.cohort_spec import CohortSpec
from cmr_ssl.phantom.patients import patient_table_row
from experiments.cohorts import Cohort
from experiments.patients.people import write_people


def test_patients_of_several_cohorts_are_those_of_their_seeds_under_the_ids_of_their_studies(tmp_path):
    parts, specs = [], [CohortSpec(seed, "small", "mixed", "none") for seed in (7, 8)]
    for spec in specs:
        source = tmp_path / f"{spec.seed}"
        source.mkdir()
        (source / "phantom.json").write_text(json.dumps(spec.settings()))
        (source / "phenotypes.csv").write_text("eid,LVEF (%),Age\n900000003,60,1\n")
        parts.append(Cohort("part", source, source))
    write_people(parts, tmp_path / "all.csv")
    table = pd.read_csv(tmp_path / "all.csv").set_index("eid")
    assert [*table.index] == [900000003, 910000003]
    assert table["LVEF (%)"].tolist() == [60, 60]
    drawn = [patient_table_row(spec, 3)["True log hazard"] for spec in specs]
    assert table["True log hazard"].tolist() == drawn
