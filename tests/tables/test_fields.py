import pytest
import yaml
from jsonargparse import ArgumentError, ArgumentParser

from cmr_ssl.tables import Category, Fields, Number, YesNo
from cmr_ssl.tables.fields import same_field
from tests.runs import ROOT

FILES = sorted((ROOT / "configs" / "fields").glob("*.yaml"))
TABLE = Fields(
    numbers=[Number("Age", ukb=21003), Number("LVEF (%)")],
    yes_no=[YesNo("Diabetes")],
    categories=[Category("Smoking", classes=[0, 1, 2])],
    targets=["Diabetes"],
)


def parse(path):
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--fields", type=Fields)
    return parser.instantiate(parser.parse_args(["--fields", str(path)])).fields


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_shipped_description_describes_fields(path):
    fields = parse(path)
    assert len(fields.names) >= (8 if path.stem == "heart" else 35)
    written = yaml.safe_load(path.read_text())
    assert len(fields.names) == sum(len(written.get(kind, [])) for kind in ("numbers", "yes_no", "categories"))


def test_there_are_descriptions_of_the_field_and_of_the_phantom_and_a_slip_in_one_is_an_error(tmp_path):
    assert {"synthetic", "ukb"} <= {path.stem for path in FILES}
    (tmp_path / "fields.yaml").write_text("numbers:\n  - {name: Age, fild: 21003}\n")
    with pytest.raises(ArgumentError, match="fild"):
        parse(tmp_path / "fields.yaml")


def test_a_name_and_its_id_are_one_field_and_go_together():
    left = TABLE.without(["LV ejection fraction | Instance 2", "p21003_i2"])
    assert left.names == ["Diabetes", "Smoking"]
    assert TABLE.without(TABLE.targets).targets == []
    assert TABLE.without(["Smokin"]) == TABLE
    assert same_field("24103-2.0", "LVEF")
    assert same_field("lvef_percent", "LVEF (%)")
    assert not same_field("LVEF (%)", "RVEF (%)")
    assert not same_field("Heart failure", "Heart failure date")


def test_a_field_has_one_name():
    with pytest.raises(ValueError, match="'Age' is described twice"):
        Fields(numbers=[Number("Age")], yes_no=[YesNo("Age")])
    with pytest.raises(ValueError, match="targets name 'Stroke'"):
        Fields(numbers=[Number("Age")], targets=["Stroke"])
    with pytest.raises(ValueError, match="'Smoking' needs at least two classes"):
        Category("Smoking", classes=[1])
