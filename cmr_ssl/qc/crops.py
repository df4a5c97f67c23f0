"""Overview of all subjects: crops with the heart's centre marked, the worst first, sortable in the browser."""

from collections.abc import Mapping
from html import escape
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from safetensors import SafetensorError, safe_open

from cmr_ssl.files import save
from cmr_ssl.planes import SHORT_AXIS, VIEWS, to_pixels
from cmr_ssl.preparation.cache import raise_unless_damaged, subject_file
from cmr_ssl.preparation.checks.limits import Limit

CROPS = "crops"  # folder beside the page, which would not open with thousands of pictures in it
TILE, CROSS, QUALITY = 96, 4, 80  # pixels, pixels, of JPEG: about 2 kB a subject
STYLE = (
    "#all figure{margin:2px;width:96px}#all figcaption{font-size:10px;line-height:1.2;overflow-wrap:anywhere}"
    "#all img,#all i{width:96px;height:96px;background:#ddd;display:block}"
)
SORT = """<script>
const all = document.getElementById("all"), by = document.getElementById("by"), figures = [...all.children];
const keys = figures.map(figure => figure.dataset.values.split(",").map(Number));
by.onchange = () => {
  const at = Number(by.value), order = figures.map((_, index) => index);
  if (at >= 0) order.sort((a, b) => (isNaN(keys[a][at]) - isNaN(keys[b][at])) || keys[b][at] - keys[a][at] || a - b);
  else order.sort((a, b) => figures[a].dataset.subject < figures[b].dataset.subject ? -1 : 1);
  all.append(...order.map(index => figures[index]));
};
</script>"""


class SubjectTile(NamedTuple):
    """One subject of the overview: its finding codes, how rare these are, and the values to sort by."""

    subject: str
    codes: list[str]
    rarity: float
    values: list[float]


def overview(
    cache: Path,
    out: Path,
    cohort: pd.DataFrame,
    findings: pd.DataFrame,
    measures: pd.DataFrame,
    limits: dict[str, Limit],
) -> str:
    """Draw the crop of every usable subject into a folder beside the page and return the HTML of all; see `page`."""
    usable = {*cohort["subject"][cohort["status"] != "rejected"]}
    names, figures = set(), []
    for tile in tiles(list(cohort["subject"]), findings, measures, limits):
        name = ""
        if tile.subject in usable:
            name = f"{quote(tile.subject, safe=' ')}.jpg"
            save(out / CROPS / name, crop(subject_file(cache, tile.subject)))
            names.add(name)
        figures.append(_figure(tile, name))
    for path in (out / CROPS).glob("*.jpg"):  # of an earlier page whose subjects are gone
        if path.name not in names:
            path.unlink()
    choices = ["worst first", *measures.columns.drop("subject")]
    options = "".join(f'<option value="{index}">{escape(text)}</option>' for index, text in enumerate(choices))
    chooser = f'<p>Sort by <select id="by">{options}<option value="-1">subject</option></select></p>'
    return f'<style>{STYLE}</style>{chooser}<div id="all">{"".join(figures)}</div>{SORT}'


def tiles(
    subjects: list[str], findings: pd.DataFrame, measures: pd.DataFrame, limits: Mapping[str, Limit]
) -> list[SubjectTile]:
    """Return a tile a subject, the rarest findings first.

    Rarity is the sum of log(N / N_code) over the codes of a subject: those of all subjects, such as files without
    orientation, weigh nothing.
    """
    kinds = findings[findings["subject"].isin(subjects)].drop_duplicates(["subject", "code"])
    weights = np.log(len(subjects) / kinds["code"].value_counts())
    codes = {str(subject): [*group] for subject, group in kinds.groupby("subject")["code"]}
    signs = {code: 1.0 if limits[code].above else -1.0 for code in measures.columns if code in limits}
    values = {row["subject"]: [signs[code] * float(row[code]) for code in signs] for _, row in measures.iterrows()}
    unmeasured = [np.nan] * len(signs)
    rarity = {subject: float(weights[codes.get(subject, [])].sum()) for subject in subjects}
    return [
        SubjectTile(subject, codes.get(subject, []), rarity[subject], values.get(subject, unmeasured))
        for subject in sorted(subjects, key=lambda subject: -rarity[subject])
    ]


def crop(path: Path) -> bytes:
    """Return a JPEG of a prepared subject, see `middle_image`, with the heart's centre marked."""
    return mark_centre(*middle_image(path))


def middle_image(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the middle slice, or else the first plane, of a prepared subject at the first frame, and its affine.

    Only that image (H, W) of the file is read.

    Raises:
        MachineFault: if the machine failed, not the file.
        ValueError: if the file is missing or damaged.
    """
    try:
        with safe_open(path, "np") as file:
            view, affine = file.get_tensor("view"), file.get_tensor("affine").astype(np.float64)
            plane = middle_plane(view, affine)
            image = file.get_slice("images")[plane : plane + 1, 0:1][0, 0]
    except (OSError, SafetensorError) as error:
        raise_unless_damaged(error, path)
        raise ValueError(f"{path} cannot be read ({error}): delete it and run `prepare` again") from error
    return image, affine[plane]


def middle_plane(view: NDArray[np.uint8], affine: NDArray[np.float64]) -> int:
    """Return the index of the short-axis plane nearest the heart's centre, or 0 without short axis."""
    short = np.flatnonzero(view == VIEWS.index(SHORT_AXIS))
    return int(short[np.abs(affine[short, 2, 3]).argmin()]) if len(short) else 0


def mark_centre(image: NDArray[np.uint8], affine: NDArray[np.float64]) -> bytes:
    """Return a JPEG of a plane (H, W) with a cross at the origin of the heart frame."""
    tile = Image.fromarray(image).resize((TILE, TILE), Image.Resampling.BILINEAR).convert("RGB")
    centre = (to_pixels(affine, np.zeros((1, 3)))[0] + 0.5) * TILE / np.array(image.shape[::-1])
    pen = ImageDraw.Draw(tile)
    for arm in ((CROSS, 0), (0, CROSS)):
        pen.line([*(centre - arm), *(centre + arm)], fill=(255, 60, 40))
    stream = BytesIO()
    tile.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def _figure(tile: SubjectTile, name: str) -> str:
    picture = f'<img loading="lazy" src="{quote(f"{CROPS}/{name}")}" alt="">' if name else "<i></i>"
    # JavaScript's NaN is no "nan".
    values = ",".join("NaN" if np.isnan(value) else f"{value:.4g}" for value in [tile.rarity, *tile.values])
    caption = escape(" ".join([tile.subject, *tile.codes]))
    return (
        f'<figure data-subject="{escape(tile.subject)}" data-values="{values}">{picture}'
        f"<figcaption>{caption}</figcaption></figure>"
    )
