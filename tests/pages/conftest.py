import json

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cohort.columns import FIELDS
from cmr_ssl.conformal import WITHIN
from cmr_ssl.pages.predictions import predicted_labels
from cmr_ssl.pages.subject import measured_on
from cmr_ssl.sources.label_folder import LabelFolder
from cmr_ssl.volumes import MISSING, grouped
from tests import labelled
from tests.studies import write_image

IDS = ("900000001", "900000002", "900000003")
MADE_BY = {"cmr_ssl": "0.1.0", "torch": "2.9", "task": "SegmentationTask", "checkpoint": "0a1b2c3d", "synthetic": True}


@pytest.fixture(scope="session")
def predicted(tmp_path_factory):
    """Return folders as `predict` and the scanner leave them: two hearts, and one of whom nothing could be told."""
    folder = tmp_path_factory.mktemp("predicted")
    out, source = folder / "predicted", folder / "source"
    rows = []
    for number, subject in enumerate(IDS[:2]):
        labels = labelled.heart((40, 36, 8, 20 - number))
        write_image(out / subject / "seg6_sa.nii.gz", labels, labelled.STACK, 50.0)
        write_image(source / subject / "sa.nii.gz", (labels * 60).astype(np.int16), labelled.STACK, 50.0)
        measured = measured_on(LabelFolder(out, predicted_labels()).read(subject))
        values = measured.values | {MISSING: "; ".join(grouped(measured.reasons))}
        noted = {"findings": "noted: <b>seen</b>; repaired: sa 3: moved"}
        within = {} if number else {f"LVEF (%){WITHIN}": 4.32, "confidence LV": 0.973, "confidence RV": np.nan}
        rows.append({"subject": subject, "status": "predicted", "problem": ""} | noted | values | within)
    rows.append({"subject": IDS[2], "status": "not predicted", "problem": "no short axis & nothing else"})
    pd.DataFrame(rows).to_csv(out / "phenotypes.csv", index=False)
    (out / "made_by.json").write_text(json.dumps(MADE_BY))
    return out, source


@pytest.fixture(scope="session")
def reference(tmp_path_factory):
    """Return a table of persons with values, the predicted ones among them."""
    generator = np.random.default_rng(0)
    ids = [*IDS, *(str(910000000 + one) for one in range(300))]
    table = pd.DataFrame({"eid": ids, "Sex": np.arange(len(ids)) % 2, "Age": generator.uniform(45, 80, len(ids))})
    table["Height (cm)"], table["Weight (kg)"] = 175, 80
    for name in FIELDS:
        if "mL" in name or "%" in name:
            table[name] = generator.normal(60, 10, len(ids))
    path = tmp_path_factory.mktemp("reference") / "reference.csv"
    table.to_csv(path, index=False)
    return path
