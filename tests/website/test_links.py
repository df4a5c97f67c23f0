import pytest

from website.links import linked, rewritten, site_path


def test_links_lead_where_files_lie_on_the_site():
    assert rewritten("[data](docs/data.md#tables)", "README.md") == "[data](data.md#tables)"
    assert rewritten("[x](../configs/smoke.yaml)", "docs/tasks.md") == "[x](files/configs/smoke.yaml)"
    assert rewritten("[x](../README.md) ![y](kspace.png)", "docs/kspace.md") == "[x](index.md) ![y](kspace.png)"
    assert rewritten("[a](https://a.org) [b](#b)", "README.md") == "[a](https://a.org) [b](#b)"


def test_a_folder_is_named_and_not_linked():
    assert rewritten("see [examples](examples).", "README.md") == "see examples."


def test_code_is_left_alone():
    text = "text\n\n    model[0](docs/none.md)\n\n```python\na[1](b)\n```\n[data](docs/data.md)\n"
    assert rewritten(text, "README.md") == text.replace("docs/data.md", "data.md")
    assert linked(text, "README.md") == {"docs/data.md"}


def test_a_link_that_leads_nowhere_is_an_error():
    with pytest.raises(FileNotFoundError, match=r"docs/none\.md"):
        rewritten("[x](none.md)", "docs/data.md")
    assert site_path("docs") is None
