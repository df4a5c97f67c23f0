import pytest

from cmr_ssl.evaluation.groups import band, read_groups

TABLE = "eid,Sex,Age,BMI (kg/m2),Pathology,Site\n1,0,49,18.4,normal,1\n2,1,50,25,dilated,2\n3,1,71,,normal,3\n"


@pytest.fixture
def table(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    return tmp_path / "t.csv"


def test_people_are_grouped_by_sex_stated_edges_and_names(table):
    groups = read_groups(table, ["sex", "age", "bmi", "pathology", "site"], ["1", "2", "3", "4"], {})
    assert groups["Sex"].to_list() == ["women", "men", "men", ""]
    assert groups["Age"].to_list() == ["45 to < 55", "45 to < 55", "65 to < 75", ""]
    assert groups["BMI (kg/m2)"].to_list() == ["< 18.5", "25 to < 30", "", ""]
    assert groups["Pathology"].to_list() == ["normal", "dilated", "normal", ""]
    assert groups["Site"].to_list() == ["1", "2", "3", ""]


def test_own_edges_come_first_and_an_edge_belongs_to_the_group_above_it(table):
    assert read_groups(table, ["age"], ["1", "2"], {"Age": [50]})["Age"].to_list() == ["< 50", ">= 50"]
    assert [band(value, [10]) for value in (9.99, 10, float("nan"))] == ["< 10", ">= 10", ""]


def test_without_names_people_are_grouped_by_what_is_usual_and_there(table, tmp_path):
    assert list(read_groups(table, None, ["1"], {})) == ["Sex", "Age", "BMI (kg/m2)", "Pathology"]
    (tmp_path / "sex.csv").write_text("eid;31-0.0\n1;0\n")
    assert read_groups(tmp_path / "sex.csv", None, ["1"], {}).iloc[0].to_list() == ["women"]


@pytest.mark.parametrize(
    ("file", "columns", "edges", "why"),
    [
        ("t.csv", ["sex"], {"age": [50]}, "edges are given of Age, by which nobody is grouped"),
        ("t.csv", ["age"], {"age": [60, 50]}, r"the edges \[60, 50\] of Age do not rise"),
        ("t.csv", ["smoking"], {}, "no column of the table holds 'smoking'"),
        ("many.csv", None, {}, r"many\.csv has no column of sex, age, bmi, pathology: name columns"),
        ("many.csv", ["creatinine"], {}, r"has 20 different values, .* a column of numbers needs edges"),
    ],
)
def test_edges_of_nothing_or_that_do_not_rise_and_numbers_without_edges_are_refused(table, file, columns, edges, why):
    many = "".join(f"{number},{number + 0.0:g}\n" for number in range(20))
    table.with_name("many.csv").write_text("eid,Creatinine\n" + many)
    with pytest.raises(ValueError, match=why):
        read_groups(table.with_name(file), columns, [str(number) for number in range(20)], edges)
