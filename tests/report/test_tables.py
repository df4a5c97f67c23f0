from cmr_ssl.report.tables import markdown


def test_a_table_is_markdown_with_numbers_to_the_right():
    lines = markdown(["arm", "draw", "error"], [("ours", "first", 1.5), ("theirs", "second", 2)], texts=2).splitlines()
    assert lines == [
        "| arm | draw | error |",
        "| --- | --- | ---: |",
        "| ours | first | 1.5 |",
        "| theirs | second | 2 |",
    ]
