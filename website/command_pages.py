"""A page a command, from what it says of itself with ``--help``."""

import os
from contextlib import redirect_stdout
from io import StringIO

from cmr_ssl.cli import COMMANDS, TRAINING, main

FOLDER = "commands"
WIDTH = "84"  # columns of the help
SHORT = "Training takes its options from configs, of which there are too many to list: `{command} --help` does."


def command_pages() -> dict[str, str]:
    """Return path on the site to Markdown of the overview and of every command."""
    pages = {f"{FOLDER}/index.md": overview()}
    pages |= {f"{FOLDER}/{name}.md": page(name, COMMANDS[name], help_of(name)) for name in COMMANDS}
    return pages | {f"{FOLDER}/{name}.md": training_page(name) for name in TRAINING}


def overview() -> str:
    """Return the table of all commands."""
    rows = [f"| [`{name}`]({name}.md) | {what} |" for name, what in (COMMANDS | TRAINING).items()]
    return "\n".join(
        ["# Commands", "", "`python -m cmr_ssl COMMAND`, or `cmr-ssl COMMAND`.", "", "| | |", "|---|---|", *rows, ""]
    )


def page(name: str, what: str, text: str) -> str:
    """Return the page of a command."""
    return f"# {name}\n\n{what[0].upper()}{what[1:]}.\n\n```text\n{text.rstrip()}\n```\n"


def training_page(name: str) -> str:
    """Return the page of a command of Lightning."""
    usage = f"python -m cmr_ssl {name} --config CONFIG --data.cache CACHE --SETTING VALUE"
    more = SHORT.format(command=f"python -m cmr_ssl {name}") + " See [tasks](../tasks.md)."
    return page(name, TRAINING[name], usage) + f"\n{more}\n"


def help_of(name: str) -> str:
    """Return what a command prints with ``--help``."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDTH
    said = StringIO()
    try:
        with redirect_stdout(said):
            main([name, "--help"])
    except SystemExit:
        pass
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    return said.getvalue().replace(" \b", "")  # which terminals join
