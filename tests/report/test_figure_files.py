from matplotlib.figure import Figure

from cmr_ssl.report.figure_files import draw_identity, write_figure


def test_a_figure_becomes_a_picture_and_nothing_else(tmp_path):
    figure = Figure()
    axes = figure.subplots()
    draw_identity(axes, 5)
    assert axes.lines[0].get_xydata().tolist() == [[0, 0], [5, 5]]
    write_figure(figure, tmp_path / "figures" / "a.png")
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["a.png"]
    assert (tmp_path / "figures" / "a.png").read_bytes().startswith(b"\x89PNG")
