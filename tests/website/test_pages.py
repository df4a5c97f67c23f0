"""The pages as they lie in the repository; the site itself is built strictly by `make docs`."""

import pytest
import yaml

from tests.runs import ROOT
from website.links import PAGES, rewritten, site_path

DOCS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", [*PAGES, *DOCS])
def test_every_link_leads_to_a_file(page):
    rewritten((ROOT / page).read_text(), page)


def test_every_page_is_in_the_navigation():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    listed = [page for section in nav for pages in section.values() if isinstance(pages, list) for page in pages]
    assert sorted(listed) == sorted(["api.md", *map(site_path, [*PAGES, *DOCS])])
