import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from cmr_ssl.report.figure_files import draw_identity, write_figure


def test_the_line_of_identity_is_written_as_png_and_nothing_else_is_left(tmp_path):
    pictures = []
    for most in (0.0, 1.0):
        figure = Figure(figsize=(2, 2))
        axes = figure.subplots()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        draw_identity(axes, most)
        write_figure(figure, tmp_path / "figure.png")
        pictures.append(np.asarray(Image.open(tmp_path / "figure.png").convert("L")))
    assert [path.name for path in tmp_path.iterdir()] == ["figure.png"]
    assert pictures[1].mean() < pictures[0].mean()
