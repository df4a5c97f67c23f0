import numpy as np
import pytest

from experiments.real_hearts.patients import patients
from tests.runs import ROOT
from tests.sources.test_acdc import write_patient

ACDC = str(ROOT / "configs" / "sources" / "acdc.yaml")


def test_diagnosis_and_volumes_come_from_the_files_of_the_challenge(tmp_path):
    _, labels = write_patient(tmp_path)
    write_patient(tmp_path, "patient008", cine=False)
    table = patients(tmp_path, ACDC, "Group")
    assert table["subject"].tolist() == ["patient007", "patient008"]
    assert set(table["group"]) == {"DCM"}
    voxel = 3.6538**2 * 10 / 1000
    np.testing.assert_allclose(table["LVEDV (mL)"], (labels == 3).sum() * voxel, rtol=1e-5)
    np.testing.assert_allclose(table["LVM (g)"], 1.05 * (labels == 2).sum() * voxel, rtol=1e-5)


def test_a_patient_without_diagnosis_is_named(tmp_path):
    write_patient(tmp_path)
    with pytest.raises(ValueError, match=r"patient007: Info\.cfg does not tell Disease"):
        patients(tmp_path, ACDC, "Disease")
