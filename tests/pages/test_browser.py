"""The pages in a real browser; skipped where there is none."""

import re
import shutil
import subprocess
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cmr_ssl.cli import main
from tests.pages.conftest import IDS

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium")
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=2000"]


def browse(page, folder, *options):
    home = f"--user-data-dir={folder / 'browser'}"
    command = [BROWSER, *QUIET, "--enable-logging=stderr", home, *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)


@pytest.fixture(scope="module")
def pages(predicted, reference, tmp_path_factory):
    out = tmp_path_factory.mktemp("browser") / "report"
    options = ["--source", str(predicted[1]), "--reference", str(reference), "--out", str(out)]
    assert main(["report", "--predictions", str(predicted[0]), *options]) == 0
    return out / "subjects" / f"{IDS[0]}.html", out / "index.html"


def test_a_browser_shows_both_pages_without_a_complaint(pages, tmp_path):
    for page in pages:
        shot = tmp_path / f"{page.stem}.png"
        told = browse(page, tmp_path, f"--screenshot={shot}", "--window-size=1180,1400")
        assert "CONSOLE" not in told.stderr
        picture = np.asarray(Image.open(shot).convert("L"))
        rows = (picture < 128).any(axis=1)
        assert rows.mean() > 0.2  # something is written from top to bottom
        assert rows[-200:].any() or page == pages[1]


def test_a_page_fits_the_window_of_a_telephone(pages, tmp_path):
    shot = tmp_path / "narrow.png"
    browse(pages[0], tmp_path, f"--screenshot={shot}", "--window-size=500,1200")
    edge = np.asarray(Image.open(shot).convert("L"))[:, -3:]
    assert (edge > 200).mean() > 0.97  # nothing is cut off at the right


def test_a_subject_prints_on_few_sheets_of_paper(pages, tmp_path):
    paper = tmp_path / "page.pdf"
    browse(pages[0], tmp_path, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    content = paper.read_bytes()
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 3
    assert BytesIO(content).read(5) == b"%PDF-"
