"""The page of the Python API: the public names of the package, from their docstrings."""

import cmr_ssl

PHANTOM = "cmr_ssl.phantom.synthetic_study"  # the package itself is callable, which nobody can read from outside
INTRODUCTION = """# Python API

What `import cmr_ssl` offers; [by example](python.md).
"""


def api_page() -> str:
    """Return the page, a section for each name."""
    places = cmr_ssl.MODULES | {"phantom": PHANTOM}
    sections = [f"::: {places[name]}.{name}" for name in sorted(cmr_ssl.__all__, key=str.lower)]
    return "\n\n".join([INTRODUCTION, *sections, ""])
