"""A few real synthetic hearts, small: label maps, a phenotype table and a prepared cache."""

from pathlib import Path

from cmr_ssl.cli import main

SUBJECTS = 10
ENCODER = {
    "class_path": "cmr_ssl.models.Encoder",
    "init_args": {
        "positions": {"class_path": "cmr_ssl.models.AnatomicalPositions"},
        "patch": [4, 8, 8],
        "width": 32,
        "depth": 2,
        "heads": 2,
    },
}


def make_hearts(folder: Path) -> Path:
    """Write ``cohort`` and ``cache`` into `folder` and return it."""
    cohort, cache = str(folder / "cohort"), str(folder / "cache")
    size = ["--preparation.size", "32", "--preparation.spacing_mm", "5.5", "--preparation.frames", "8"]
    assert main(["phantom", "--out", cohort, "--subjects", str(SUBJECTS), "--preset", "small"]) == 0
    assert main(["prepare", "--source", cohort, "--out", cache, *size]) == 0
    return folder
