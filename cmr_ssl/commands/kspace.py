"""The command `kspace`."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from cmr_ssl.planes import VIEWS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cmr_ssl.kspace.raw import RawCine

BRIGHTEST = 4095  # intensity of the written image, as of scanners


def kspace(
    source: Path,
    out: Path,
    view: str = "sa",
    spacing_mm: float | None = None,
    gap_mm: float = 10.0,
    frame_ms: float | None = None,
    iterations: int = 30,
    threshold: float = 0.003,
    device: str = "auto",
    overwrite: bool = False,
) -> int:
    """Make a cine of raw k-space that a scanner measured, as NIfTI that `prepare` reads.

    Cartesian lines of one breath-held or binned cine, in ISMRMRD or CMRxRecon layout, any number of coils and slices.
    Coils are told from the lines themselves; what is missing is completed by compressed sensing over the beat. This is
    the one command whose k-space is measured: `robustness --undersampling` and the tasks on lines simulate theirs.

    Args:
        source: HDF5 file: ISMRMRD (.h5) or CMRxRecon (.mat, v7.3).
        out: folder of the subject, for VIEW.nii.gz and VIEW_lines.csv.
        view: what the planes show: sa, la_2ch, la_3ch or la_4ch.
        spacing_mm: size of a pixel, needed where the file has no geometry, as CMRxRecon's.
        gap_mm: between slices, where the file has no geometry.
        frame_ms: time between frames; unknown if left out.
        iterations: of the reconstruction.
        threshold: of the reconstruction, see `cmr_ssl.kspace.TemporalSparsity`.
        device: cpu, cuda, or auto for cuda where there is one.
        overwrite: replace the cine that is there.

    Raises:
        FileExistsError: if there is a cine of this view already, and `overwrite` is not set.
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read, is not Cartesian, lacks coils, slices or geometry, or h5py is missing.
    """
    if view not in VIEWS:
        raise ValueError(f"--view {view} is none of {', '.join(VIEWS)}")
    if (spacing_mm is not None and not spacing_mm > 0) or not gap_mm > 0:
        raise ValueError(f"--spacing_mm {spacing_mm} and --gap_mm {gap_mm} must be above 0")
    path = out / f"{view}.nii.gz"
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there: name another folder, or give --overwrite true")

    from cmr_ssl.devices import device_of
    from cmr_ssl.kspace.raw_files import read_raw
    from cmr_ssl.kspace.reconstruction import TemporalSparsity
    from cmr_ssl.kspace.scanned import reconstruct

    reconstruction = TemporalSparsity(iterations, threshold)
    raw = placed(read_raw(source), source, spacing_mm, gap_mm)
    images = reconstruct(raw, reconstruction, device_of(device)).numpy()
    write(path, raw, images, math.nan if frame_ms is None else frame_ms)
    slices, frames, coils = raw.kspace.shape[:3]
    print(
        f"{raw.layout}: {slices} slices, {frames} frames, {coils} coils, acceleration {raw.acceleration.mean():.2f} as "
        f"counted. Cine: {path}"
    )
    return 0


def placed(raw: "RawCine", source: Path, spacing_mm: float | None, gap_mm: float) -> "RawCine":
    """Return a cine with an affine, from its file or the options; raise ValueError if neither has a pixel size."""
    import numpy as np

    if raw.affine is not None:
        return raw
    if spacing_mm is None:
        raise ValueError(
            f"{source} has no geometry: add --spacing_mm, the size of a pixel, and --gap_mm between slices"
        )
    return raw._replace(affine=np.diag([spacing_mm, spacing_mm, gap_mm, 1.0]))


def write(path: Path, raw: "RawCine", images: "NDArray[np.float32]", frame_ms: float) -> None:
    """Write images (S, T, H, W) as NIfTI, and beside it how many lines each slice acquired."""
    import numpy as np
    import pandas as pd

    from cmr_ssl.report.tables import write_csv
    from cmr_ssl.sources.nifti_output import write_image

    assert raw.affine is not None  # for the type checker: `placed` gave it one
    scaled = np.round(images / max(float(images.max()), 1e-12) * BRIGHTEST).astype(np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, scaled.transpose(3, 2, 0, 1), raw.affine, frame_ms, f"reconstructed from {raw.layout} k-space")
    rows = {
        "slice": range(len(raw.mask)),
        "lines": raw.mask.shape[2],
        "acquired_per_frame": raw.mask.sum(axis=2).mean(axis=1),
        "acceleration": raw.acceleration,
    }
    write_csv(path.with_name(path.name.replace(".nii.gz", "_lines.csv")), pd.DataFrame(rows))
