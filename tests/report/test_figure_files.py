from matplotlib.figure import Figure
from PIL import Image

from cmr_ssl.report.figure_files import DOTS_PER_INCH, draw_identity, write_figure


def test_a_figure_is_a_png_of_its_size_and_nothing_half_is_left(tmp_path):
    figure = Figure(figsize=(2, 1))
    draw_identity(figure.subplots(), 3.0)
    write_figure(figure, tmp_path / "deep" / "f.png")
    with Image.open(tmp_path / "deep" / "f.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (2 * DOTS_PER_INCH, DOTS_PER_INCH))
    assert len([*(tmp_path / "deep").iterdir()]) == 1
