import pytest

from cmr_ssl.cohort.columns import FIELDS, SPELLINGS, UkbField, field_of, phenotype_of, resolve, unit_of
from cmr_ssl.volumes import ejection, emptying, output


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("24103", UkbField(24103, None, 0)),
        ("24103-2.0", UkbField(24103, 2, 0)),
        ("24103-3.1", UkbField(24103, 3, 1)),
        ("f.24103.2.0", UkbField(24103, 2, 0)),
        ("p24103", UkbField(24103, None, 0)),
        ("p24103_i2", UkbField(24103, 2, 0)),
        ("p24103_i2_a1", UkbField(24103, 2, 1)),
        ("participant.p24103_i2", UkbField(24103, 2, 0)),
        ("LV ejection fraction | Instance 2", UkbField(24103, 2, 0)),
        ("Standing height | Instance 0 | Array 0", UkbField(50, 0, 0)),
        ("Something else | Instance 2", None),
        ("participant.eid", None),
        ("LVEF (%)", None),
        ("24103-2", None),
        ("f.eid", None),
        ("", None),
    ],
)
def test_field_ids_are_known_in_every_style_of_the_field(column, field):
    assert field_of(column) == field


@pytest.mark.parametrize("column", ["24103", "24103-2.0", "f.24103.2.0", "p24103_i2", "participant.p24103_i2"])
@pytest.mark.parametrize("wanted", ["LVEF (%)", "lvef", "24103", "p24103", "24103-2.0", "f.24103.2.0"])
def test_a_name_and_every_style_of_its_field_id_mean_the_same_column(column, wanted):
    assert resolve(["eid", "24103-3.0", "24103-2.1", "24102-2.0", column], wanted) == column


SPELT = ["LVEDV", "LVEDV_mL", "lvedv (ml)", "LVEDV [mL]", " LvEdv  (mL)", "LVEDV (mL)"]


@pytest.mark.parametrize(
    ("wanted", "columns"),
    [
        *((wanted, SPELT) for wanted in ("LVEDV (mL)", "lvedv", "LVEDV_ml")),
        ("LVEF (%)", ["LVEF_percent"]),
        ("LVCO (L/min)", ["lvco_l_min"]),
        ("LAV max (mL)", ["LAVmax"]),
        ("BMI (kg/m2)", ["bmi"]),
        ("Heart rate (bpm)", ["heart_rate"]),
        ("Sex", ["sex"]),
    ],
)
def test_spelling_does_not_matter_and_units_with_signs_may_be_words_or_missing(wanted, columns):
    for column in columns:
        assert resolve(["eid", "UKB LVEDV (mL)", "RVEDV (mL)", "LVEDV (L)", column], wanted) == column


def test_names_are_those_of_the_formulas_and_no_two_share_a_spelling():
    assert len(set(FIELDS.values())) == len(FIELDS)
    assert {SPELLINGS[spelling] for spelling in SPELLINGS} == set(FIELDS)
    assert len(SPELLINGS) == 2 * len(FIELDS) - 2  # Sex and Age have no unit
    measured = ejection("LV", 150, 60) | ejection("RV", 150, 60) | emptying("LA", 70, 30) | emptying("RA", 70, 30)
    assert measured.keys() | output(90, 60).keys() <= FIELDS.keys()


def test_another_visit_is_taken_only_where_it_is_asked_for_and_sex_from_the_first():
    columns = ["24103-2.0", "24103-3.0"]
    assert [resolve(columns, "LVEF"), resolve(columns, "LVEF", instance=3)] == columns
    assert resolve(columns, "p24103_i3") == "24103-3.0"
    with pytest.raises(ValueError, match=r"no column of the table holds 'LVEF': the nearest are '24103-3.0'; name one"):
        resolve(["eid", "24103-3.0"], "LVEF")
    assert resolve(["31-0.0", "21003-0.0", "21003-2.0"], "Sex") == "31-0.0"
    assert resolve(["31-0.0", "21003-0.0", "21003-2.0"], "Age") == "21003-2.0"


def test_an_exact_name_wins_over_everything_like_it():
    columns = ["LVEF", "LVEF (%)", "lvef_percent", "24103-2.0"]
    assert [resolve(columns, column) for column in columns] == columns
    assert resolve(["Pathology", "pathology"], "pathology") == "pathology"


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        (["LVEF", "lvef_percent"], "LVEF (%)"),
        (["LVEF (%)", "24103-2.0"], "lvef"),
        (["p24103", "p24103_i2"], "LVEF (%)"),
        (["LVEF (%)", "LVEF (%)"], "LVEF (%)"),
    ],
)
def test_two_columns_that_may_be_meant_are_both_named(columns, wanted):
    with pytest.raises(ValueError, match="2 columns of the table may hold") as told:
        resolve(columns, wanted)
    assert f"{columns[0]!r} and {columns[1]!r}" in str(told.value)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("LVXF", r"holds 'LVXF': the nearest are 'LVEF \(%\)'"),
        ("Patholgy", "holds 'Patholgy': the nearest are 'Pathology'; name one of them exactly"),
        ("UKB LVEF", r"the nearest are 'UKB LVEF \(%\)'"),
        ("zzz", "holds 'zzz': name one that it has"),
    ],
)
def test_what_the_table_lacks_is_told_with_what_comes_near(wanted, message):
    with pytest.raises(ValueError, match=message):
        resolve(["eid", "LVEF (%)", "UKB LVEF (%)", "Pathology"], wanted)


@pytest.mark.parametrize(
    ("name", "phenotype", "unit"),
    [
        ("lvef", "LVEF (%)", "%"),
        ("24100-2.0", "LVEDV (mL)", "mL"),
        ("LV cardiac output | Instance 3", "LVCO (L/min)", "L/min"),
        ("Sex", "Sex", ""),
        ("845-2.0", None, ""),
        ("LVEDV (L)", None, "L"),
        ("Score (10)", None, ""),
        ("Strain (%)", None, "%"),
    ],
)
def test_a_name_tells_phenotype_and_unit(name, phenotype, unit):
    assert (phenotype_of(name), unit_of(name)) == (phenotype, unit)
