"""Events of mkdocs: pages that are made, pages beside docs, and links that lead out of it."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from cmr_ssl.cli import COMMANDS, TRAINING
from website.api_page import api_page
from website.command_pages import FOLDER, command_pages
from website.links import PAGES, ROOT, linked, rewritten, site_path

API = "api.md"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List all commands in the navigation."""
    names = [f"{FOLDER}/index.md", *(f"{FOLDER}/{name}.md" for name in COMMANDS | TRAINING)]
    config.nav = [{"Commands": names} if item == {"Commands": FOLDER} else item for item in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add pages that are made, and files that pages link to."""
    made = command_pages() | {API: api_page()} | {site: (ROOT / path).read_text() for path, site in PAGES.items()}
    for place, text in made.items():
        files.append(File.generated(config, place, content=text))
    for path in sorted({path for page in repository_pages() for path in linked((ROOT / page).read_text(), page)}):
        place = site_path(path)
        if place and files.get_file_from_path(place) is None:
            files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Rewrite links of pages that lie in the repository."""
    sources = {site_path(path): path for path in repository_pages()}
    return rewritten(markdown, sources[page.file.src_uri]) if page.file.src_uri in sources else markdown


def repository_pages() -> list[str]:
    """Return the pages of the repository that are on the site."""
    return [*PAGES, *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md")))]
