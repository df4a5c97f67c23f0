import pytest

from cmr_ssl.cohort.columns import FIELDS, unit_of
from cmr_ssl.measures import Value
from cmr_ssl.pages.numbers import dictionary, phenotype_column, regional_column


@pytest.mark.parametrize(
    ("name", "column"),
    [("LVEDV (mL)", "LVEDV_mL"), ("LVEF (%)", "LVEF_percent"), ("LVCO (L/min)", "LVCO_L_per_min"),
     ("LAV max (mL)", "LAV_max_mL"), ("Diagnosis: ill", "Diagnosis_ill")],
)  # fmt: skip
def test_names_of_columns_end_with_their_unit(name, column):
    assert phenotype_column(name) == column


def test_regional_columns_sort_by_segment_and_say_when_and_where():
    assert regional_column(Value("wall thickness", "3", "ED", 9.0, "mm")) == "wall_thickness_ED_segment_03_mm"
    assert regional_column(Value("MAPSE", "la_4ch", "ED to ES", 9.0, "mm")) == "MAPSE_ED_to_ES_la_4ch_mm"


def test_the_dictionary_explains_every_column_of_the_table():
    names = [name for name in FIELDS if unit_of(name) and name[1:2] in "VA"]
    one = Value("wall thickness", "3", "ED", 9.0, "mm")
    lines = {line["column"]: line for line in dictionary(names, [one])}
    assert {*lines} == {"subject", *map(phenotype_column, names), regional_column(one)}
    assert lines["LVM_g"]["meaning"] == "left ventricle: myocardial mass at ED"
    assert lines["RAV_min_mL"]["how"].startswith("area-length")
    assert "basal inferoseptal" in lines["wall_thickness_ED_segment_03_mm"]["meaning"]
    assert all(line["meaning"] for line in lines.values())
