"""Every subject at one glance: its crop with the heart's centre marked, worst first, to be sorted in the browser."""

from collections.abc import Iterator, Mapping
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

from cmr_ssl.files import write_atomically
from cmr_ssl.planes import SHORT_AXIS, VIEWS, to_pixels
from cmr_ssl.preparation.cache import raise_unless_damaged, subject_file
from cmr_ssl.preparation.checks.limits import Limit

CROPS = "crops"  # folder beside the page: thousands of pictures in the page itself would keep it from opening
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


class Tile(NamedTuple):
    """One subject of the overview: kinds of findings, how rare these are, and what can be sorted by."""

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
    """Draw the crop of every usable subject into a folder beside the page and return the HTML of all.

    Args:
        cache: the cache.
        out: folder of the page.
        cohort: the cache's table.
        findings: one row a finding.
        measures: the worst value of each check, one row a subject.
        limits: of the checks; they tell which end of a measure is the bad one.
    """
    usable = {*cohort["subject"][cohort["status"] != "rejected"]}
    written = set()
    parts = []
    for tile in tiles(list(cohort["subject"]), findings, measures, limits):
        name = ""
        if tile.subject in usable:
            name = f"{quote(tile.subject, safe=' ')}.jpg"
            _save(out / CROPS / name, crop(subject_file(cache, tile.subject)))
            written.add(name)
        parts.append(_figure(tile, name))
    remove_others(out / CROPS, written)
    choices = ["worst first", *measures.columns.drop("subject")]
    options = "".join(f'<option value="{at}">{escape(text)}</option>' for at, text in enumerate(choices))
    chooser = f'<p>Sort by <select id="by">{options}<option value="-1">subject</option></select></p>'
    return f'<style>{STYLE}</style>{chooser}<div id="all">{"".join(parts)}</div>{SORT}'


def tiles(
    subjects: list[str], findings: pd.DataFrame, measures: pd.DataFrame, limits: Mapping[str, Limit]
) -> list[Tile]:
    """Return a tile a subject, worst first: by rarity, the sum over its kinds of findings of log(N / N with that kind).

    What all subjects share, such as files without orientation, weighs nothing.
    """
    kinds = findings[findings["subject"].isin(subjects)].drop_duplicates(["subject", "code"])
    weights = np.log(len(subjects) / kinds["code"].value_counts())
    of = {str(subject): [*own] for subject, own in kinds.groupby("subject")["code"]}
    signs = {code: 1.0 if limits[code].above else -1.0 for code in measures.columns if code in limits}
    values = {row["subject"]: [signs[code] * float(row[code]) for code in signs] for _, row in measures.iterrows()}
    made = [
        Tile(
            subject,
            codes := of.get(subject, []),
            float(weights[codes].sum()),
            values.get(subject, [np.nan] * len(signs)),
        )
        for subject in subjects
    ]
    return sorted(made, key=lambda tile: -tile.rarity)


def crop(path: Path) -> bytes:
    """Return a JPEG of a prepared subject: its middle slice at the first frame, the heart's centre marked.

    Of the whole file only that image is read. Without a short axis the first plane is shown.

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
        raise ValueError(f"{path} cannot be read ({error}): run `prepare` again") from error
    return marked(image, affine[plane])


def middle_plane(view: NDArray[np.uint8], affine: NDArray[np.float64]) -> int:
    """Return the index of the short-axis plane nearest the heart's centre, or 0 without short axis."""
    short = np.flatnonzero(view == VIEWS.index(SHORT_AXIS))
    return int(short[np.abs(affine[short, 2, 3]).argmin()]) if len(short) else 0


def marked(image: NDArray[np.uint8], affine: NDArray[np.float64]) -> bytes:
    """Return a JPEG of a plane (H, W) with a cross at the origin of the heart frame."""
    tile = Image.fromarray(image).resize((TILE, TILE), Image.Resampling.BILINEAR).convert("RGB")
    at = (to_pixels(affine, np.zeros((1, 3)))[0] + 0.5) * TILE / np.array(image.shape[::-1])
    pen = ImageDraw.Draw(tile)
    for along in ((CROSS, 0), (0, CROSS)):
        pen.line([*(at - along), *(at + along)], fill=(255, 60, 40))
    stream = BytesIO()
    tile.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def remove_others(folder: Path, kept: set[str]) -> None:
    """Remove pictures of an earlier page whose subjects are gone."""
    for path in folder.glob("*.jpg"):
        if path.name not in kept:
            path.unlink()


def _save(path: Path, picture: bytes) -> None:
    write_atomically(path, lambda stream: stream.write(picture))


def _figure(tile: Tile, name: str) -> str:
    picture = f'<img loading="lazy" src="{quote(f"{CROPS}/{name}")}" alt="">' if name else "<i></i>"
    values = ",".join(_numbers([tile.rarity, *tile.values]))
    text = escape(" ".join([tile.subject, *tile.codes]))
    return (
        f'<figure data-subject="{escape(tile.subject)}" data-values="{values}">{picture}'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _numbers(values: list[float]) -> Iterator[str]:
    """Yield numbers as JavaScript reads them; what could not be measured is no number there, either."""
    return ("NaN" if np.isnan(value) else f"{value:.4g}" for value in values)
