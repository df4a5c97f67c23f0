import pandas as pd
import pytest
from PIL import Image

from cmr_ssl.robustness.curves import draw_curves, measures_of, titles
from cmr_ssl.robustness.scenarios import FLAWED, NAMED, RANDOM

COLUMNS = ["kind", "scenario", "planes", "changed", "measure", "of", "value", "low", "high", "N"]


def height(path):
    with Image.open(path) as picture:
        return picture.height


def table(*measures, embedding="class token"):
    rows = [(RANDOM, f"{k} missing", k, k) for k in (0, 2, 4)] + [(NAMED, "no long axis", 0, 3)]
    rows += [(FLAWED, "noise", k, k) for k in (1, 3, 5)]
    numbers = (0.9, 0.8, 0.95, 10)
    found = [(*row, measure, of, *numbers) for row in rows for measure, of in (("cosine", embedding), *measures)]
    return pd.DataFrame(found, columns=COLUMNS)


@pytest.fixture(scope="module")
def row_height(tmp_path_factory):
    """Return the height of a page of one measure."""
    path = tmp_path_factory.mktemp("curves") / "one.png"
    draw_curves(path, {"one": table()})
    return height(path)


def test_a_page_has_a_row_a_measure(row_height, tmp_path):
    draw_curves(tmp_path / "more.png", {"a model": table(("MAE", "LVEF (%)"), ("MAE", "LVM (g)"))})
    assert height(tmp_path / "more.png") > 2.5 * row_height


def test_flaws_say_at_how_many_planes_they_are():
    assert titles([table()])[2] == "flawed planes: 1, 3, 5 (larger dots)"
    assert titles([table().query("planes == 3")])[2] == "flawed planes: 3"


def test_models_with_other_embeddings_share_their_panels(row_height, tmp_path):
    draw_curves(tmp_path / "two.png", {"one": table(), "two": table(embedding="features")})
    assert height(tmp_path / "two.png") == pytest.approx(row_height, rel=0.1)


def test_models_that_say_less_leave_their_panels_to_others(row_height, tmp_path):
    several = [table(("MAE", "LVM (g)")), table(), table(("Dice", "")).query("measure == 'Dice'")]
    draw_curves(tmp_path / "several.png", dict(zip("abc", several, strict=True)))
    assert height(tmp_path / "several.png") > 2.5 * row_height


def test_what_is_drawn_beside_another_is_not_drawn_alone():
    rows = table(("Dice", ""), ("Dice of full study", ""))
    assert measures_of([rows]) == [("cosine", "class token"), ("Dice", "")]
