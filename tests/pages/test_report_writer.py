import re
import shutil

import pandas as pd
import pytest

from cmr_ssl.cli import main
from cmr_ssl.pages import cines
from tests.pages.conftest import IDS
from tests.runs import refusal


def report(predicted, out, *more):
    return main(["report", "--predictions", str(predicted[0]), "--out", str(out), *map(str, more)])


@pytest.fixture
def mine(predicted, tmp_path):
    """Return a copy of the predictions that a test may change, and the images."""
    return shutil.copytree(predicted[0], tmp_path / "mine"), predicted[1]


@pytest.fixture(scope="module")
def written(predicted, reference, tmp_path_factory):
    out = tmp_path_factory.mktemp("written") / "report"
    assert report(predicted, out, "--source", predicted[1], "--reference", reference) == 0
    return out


def page(out, subject):
    return (out / "subjects" / f"{subject}.html").read_text()


def test_a_page_holds_values_peers_pictures_findings_and_what_made_them(written, predicted):
    text = page(written, IDS[0])
    table = pd.read_csv(predicted[0] / "phenotypes.csv").set_index("subject")
    assert f">{table.loc[int(IDS[0]), 'LVEF (%)']:.1f}</b>" in text
    assert re.search(r"beside 120 women aged \d\d to \d\d", text)
    assert "data:image/webp;base64," in text
    assert "Wall thickness at ED" in text
    assert "LA needs label maps of la_2ch and la_4ch" in text
    assert "0a1b2c3d" in text
    assert "not a medical device" in text
    assert "only seen synthetic hearts" in text
    assert "&lt;b&gt;seen&lt;/b&gt;" in text  # texts of files never become markup


def test_intervals_and_how_sure_the_network_is_stand_where_they_are_told_and_nowhere_else(written):
    assert page(written, IDS[0]).count("± 4.32") == 2  # above, and in the table
    assert "people like those the model was validated on" in page(written, IDS[0])
    assert "±" not in page(written, IDS[1])
    assert "0 to 1: LV 0.97. Too high" in page(written, IDS[0])
    assert "How sure" not in page(written, IDS[1])
    assert "no label map was predicted" in page(written, IDS[2])
    assert "no short axis &amp; nothing else" in (written / "index.html").read_text()
    assert not [name for name in pd.read_csv(written / "measures.csv") if "within" in name or "confidence" in name]


def test_pages_need_no_network_and_no_script(written):
    for file in written.rglob("*.html"):
        text = file.read_text()
        assert "<script" not in text
        assert "http" not in re.sub(r"data:[^\"]*", "", text)


def test_every_link_of_the_cohort_leads_to_a_file(written):
    links = {link for link in re.findall(r'href="([^"#:]+)"', (written / "index.html").read_text())}
    assert {f"subjects/{one}.html" for one in IDS} < links
    assert all((written / link).is_file() for link in links)
    back = re.findall(r'href="(\.\.[^"]+)"', page(written, IDS[0]))
    assert back
    assert all((written / "subjects" / link).is_file() for link in back)


def test_tables_have_units_in_names_and_a_dictionary_of_all_columns(written):
    csv, parquet = pd.read_csv(written / "measures.csv"), pd.read_parquet(written / "measures.parquet")
    assert csv.columns.tolist() == parquet.columns.tolist()
    assert csv.columns.tolist() == pd.read_csv(written / "dictionary.csv")["column"].tolist()
    assert {"LVEDV_mL", "wall_thickness_ED_segment_07_mm", "circumferential_strain_mid_wall_ES_global_percent"} < {*csv}
    assert csv["subject"].tolist() == list(map(int, IDS))
    assert csv["LVEDV_mL"].notna().tolist() == [True, True, False]


def test_without_images_and_reference_the_page_says_what_would_add_them(mine, tmp_path):
    assert report(mine, tmp_path / "out") == 0
    text = page(tmp_path / "out", IDS[0])
    assert "data:image" not in text.replace('href="data:,"', "")
    assert "give --reference TABLE" in text
    (mine[0] / IDS[0] / "overlay.gif").write_bytes(b"GIF89a")
    assert report(mine, tmp_path / "again") == 0
    assert "give --source for larger pictures" in page(tmp_path / "again", IDS[0])


def test_only_what_changed_is_drawn_again(mine, reference, tmp_path, monkeypatch):
    drawn, tiles = [], cines.tiles
    monkeypatch.setattr(cines, "tiles", lambda study, heart: drawn.append(study.subject) or tiles(study, heart))
    for _ in range(2):
        assert report(mine, tmp_path / "compared", "--source", mine[1], "--reference", reference) == 0
    assert drawn == [*IDS[:2]]
    assert report(mine, tmp_path / "out", "--source", mine[1]) == 0
    drawn.clear()
    path = mine[0] / "phenotypes.csv"
    path.write_text(path.read_text().replace("repaired: sa 3", "repaired: sa 4", 1))
    assert report(mine, tmp_path / "out", "--source", mine[1]) == 0
    assert drawn == [IDS[0]]


def test_nothing_is_left_of_who_withdrew(written, predicted, reference, tmp_path):
    written = shutil.copytree(written, tmp_path / "report")
    (tmp_path / "gone.txt").write_text(f"{IDS[1]}\n")
    options = ("--source", predicted[1], "--reference", reference, "--withdrawn", tmp_path / "gone.txt")
    assert report(predicted, written, *options) == 0
    holding = [file for file in written.rglob("*") if file.is_file() and IDS[1].encode() in file.read_bytes()]
    assert holding == []
    assert page(written, IDS[0])


def test_a_reference_of_other_people_is_noted_and_the_predictions_are_none(predicted, tmp_path, capsys):
    others = tmp_path / "others.csv"
    others.write_text("eid,sex,age\nA1,0,50\nA2,1,60\n")
    assert report(predicted, tmp_path / "out", "--reference", others) == 0
    assert "has none of these subjects" in capsys.readouterr().out
    assert report(predicted, tmp_path / "out", "--reference", predicted[0] / "phenotypes.csv") == 1
    assert "is the predictions themselves" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["reference", "qc", "source"])
def test_what_is_not_there_is_one_sentence(predicted, tmp_path, option, capsys):
    files = {"predictions": predicted[0], "out": tmp_path / "out", option: "nowhere"}
    assert "nowhere" in refusal(capsys, "report", **files)
