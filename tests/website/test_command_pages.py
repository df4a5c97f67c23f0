import os
from inspect import signature

from cmr_ssl.cli import COMMANDS, TRAINING
from cmr_ssl.commands.explore import explore
from website.command_pages import WIDTH, help_of, overview, page


def test_a_page_says_what_the_help_says_of_every_option(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = help_of("explore")
    assert os.environ["COLUMNS"] == "40"
    assert all(f"--{name}" in text for name in signature(explore).parameters)
    assert max(map(len, text.splitlines())) <= int(WIDTH)
    assert text.isprintable() or not [letter for letter in text if ord(letter) < 32 and letter != "\n"]
    assert page("explore", "write", text).startswith("# explore\n\nWrite.\n")


def test_the_overview_leads_to_every_command():
    assert all(f"[`{name}`]({name}.md)" in overview() for name in COMMANDS | TRAINING)
