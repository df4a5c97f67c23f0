"""Faults between scanner and archive with their rates; those of images are in `faults`."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from cmr_ssl.phantom.examination import FIRST_TRY_S, NAMES, SHORT_AXIS_FIELD, SHORT_AXIS_NAME, PhantomCine
from cmr_ssl.phantom.faults import smear
from cmr_ssl.phantom.prescription import Prescription
from cmr_ssl.phantom.scanner_archive import COLUMNS, Archive
from cmr_ssl.phantom.series_pixels import World, acquire

# Of an archive. Public code handles each of these faults; without published rates they are as rare as possible for all
# to occur in some hundred subjects. Copies of an inline analysis and both names of the manifest are common.
ARCHIVE_RATES: dict[str, dict[str, float]] = {
    "none": {},
    "default": {
        "mixed_series": 0.03,
        "wrong_view_name": 0.02,
        "inline_series": 0.2,
        "other_cine": 0.1,
        "reacquired_slice": 0.05,
        "missing_file": 0.03,
        "truncated_member": 0.02,
        "shuffled_members": 0.2,
        "manifest_misnamed": 0.4,
        "manifest_columns": 0.03,
        "manifest_missing": 0.03,
        "truncated_archive": 0.01,
    },
}
SECOND_WORSE = 0.2  # of re-acquired slices
REPEAT_VISITS = {"none": 0.0, "default": 0.05}  # of subjects


class FaultResult(NamedTuple):
    """An archive after a fault, description of the affected series, and frames, share or name of the fault."""

    archive: Archive
    where: str = ""
    value: str = ""


class FaultNote(NamedTuple):
    """One line of the table of faults."""

    subject: str  # the id
    visit: int  # its number
    fault: str  # name of the fault
    field: int = 0  # of the affected archive; 0 for the whole visit
    where: str = ""  # description of the affected series
    value: str = ""  # frames, share or name, see `FaultResult`


Fault = Callable[[np.random.Generator, Archive], FaultResult | None]  # None where it does not apply


def apply_archive_faults(
    rng: np.random.Generator, archive: Archive, world: World, rates: dict[str, float]
) -> tuple[Archive, list[tuple[str, FaultResult]]]:
    """Apply each fault at its rate; return the archive, and name and result of each applied fault."""
    results = []
    for name, fault in faults_of(world).items():
        fault_rng = np.random.default_rng(int(rng.integers(2**63)))
        if fault_rng.random() < rates.get(name, 0.0) and (result := fault(fault_rng, archive)) is not None:
            archive = result.archive
            results.append((name, result))
    return archive, results


def mix_series(_: np.random.Generator, archive: Archive) -> FaultResult:
    """File all cines in one series."""
    name = _stem(archive)
    cines = [cine._replace(series=name, description=name) for cine in archive.cines]
    return FaultResult(archive._replace(cines=cines), name)


def misname_view(rng: np.random.Generator, archive: Archive) -> FaultResult | None:
    """Give one long-axis view the name of another."""
    cine = _draw_cine(rng, archive)
    if cine.description not in NAMES.values():
        return None
    wrong = str(rng.choice([name for name in NAMES.values() if name != cine.description]))
    return FaultResult(_replace(archive, cine, cine._replace(description=wrong)), cine.description, wrong)


def add_inline(_: np.random.Generator, archive: Archive) -> FaultResult:
    """Add the copies with contours of an inline analysis, all in one series."""
    name = f"{_stem(archive)}_InlineVF"
    later = max(cine.started_s for cine in archive.cines) + FIRST_TRY_S
    planned = [cine._replace(series=name, description=name) for cine in archive.cines if cine.planned]
    copies = [
        cine._replace(name=f"{cine.name}_inline", started_s=later, analysed=True, planned=False) for cine in planned
    ]
    return FaultResult(archive._replace(cines=archive.cines + copies), name)


def add_other(world: World, rng: np.random.Generator, archive: Archive) -> FaultResult:
    """Add a cine for another purpose: a transverse one of the great vessels."""
    name = "CINE_segmented_Ao_dist"
    columns, rows = archive.cines[0].pixels.shape[:0:-1]
    step = float(np.linalg.norm(archive.cines[0].affine[:3, 0]))
    affine = np.diag([-step, -step, 6.0, 1.0])
    centre = world.placement.origin + [0.0, 0.0, rng.uniform(55.0, 75.0)]
    affine[:3, 3] = centre - affine[:3, :2] @ ((np.array([columns, rows]) - 1) / 2)
    taken = acquire(rng, world, Prescription(name, affine, (columns, rows, 1), 6.0), 0.0)
    other = PhantomCine(name, name, name, 0.0, affine, 6.0, taken.pixels[:, 0], taken.labels[:, 0], planned=False)
    return FaultResult(archive._replace(cines=[other, *archive.cines]), name)


def acquire_again(rng: np.random.Generator, archive: Archive) -> FaultResult:
    """Add a worse acquisition of one slice under the same description, mostly an earlier, sometimes a partial one."""
    cine = _draw_cine(rng, archive)
    frames = len(cine.pixels)
    taken = int(rng.integers(frames // 3, frames)) if rng.random() < 0.3 else frames
    name = f"{cine.name}_try"
    second_worse = rng.random() < SECOND_WORSE
    worse = cine._replace(
        name=name,
        series=name,
        started_s=cine.started_s + (FIRST_TRY_S if second_worse else -FIRST_TRY_S),
        pixels=smear(cine.pixels, 4, 0.5),
        lost=frozenset(range(taken, frames)),
        planned=False,
    )
    return FaultResult(_replace(archive, cine, worse, cine), cine.description, f"{taken} of {frames} frames")


def lose_files(rng: np.random.Generator, archive: Archive) -> FaultResult:
    """Lose the files of one to three frames of a slice."""
    cine = _draw_cine(rng, archive)
    first, count = int(rng.integers(len(cine.pixels))), int(rng.integers(1, 4))
    lost = range(first, min(first + count, len(cine.pixels)))
    changed = _replace(archive, cine, cine._replace(lost=frozenset(lost)))
    return FaultResult(changed, cine.description, f"frames {' '.join(map(str, lost))}")


def tear_file(rng: np.random.Generator, archive: Archive) -> FaultResult:
    """Let one file end in the middle of its pixels."""
    cine = _draw_cine(rng, archive)
    frame = int(rng.choice([frame for frame in range(len(cine.pixels)) if frame not in cine.lost]))
    return FaultResult(archive._replace(torn=(cine.name, frame)), cine.description, f"frame {frame}")


def shuffle(rng: np.random.Generator, archive: Archive) -> FaultResult:
    """Shuffle the members."""
    return FaultResult(archive._replace(order=int(rng.integers(2**31))))


def misname_manifest(_: np.random.Generator, archive: Archive) -> FaultResult:
    """Misspell the manifest's own name, as many archives do."""
    return FaultResult(archive._replace(manifest="manifest.cvs"), value="manifest.cvs")


def rename_columns(rng: np.random.Generator, archive: Archive) -> FaultResult:
    """Rename the column of descriptions."""
    name = str(rng.choice(["series description", "discription", "seriesdesc"]))
    columns = tuple(name if column == "series discription" else column for column in COLUMNS)
    return FaultResult(archive._replace(columns=columns), value=name)


def lose_manifest(_: np.random.Generator, archive: Archive) -> FaultResult:
    """Leave out the manifest."""
    return FaultResult(archive._replace(manifest=""))


def truncate(rng: np.random.Generator, archive: Archive) -> FaultResult:
    """Truncate the archive, as after an interrupted download; its directory is lost."""
    kept = float(rng.uniform(0.2, 0.95))
    return FaultResult(archive._replace(kept=kept), value=f"{kept:.2f} of the bytes")


def faults_of(world: World) -> dict[str, Fault]:
    """Return all faults in the order of application; `world` is imaged by another cine."""
    return {
        "mixed_series": mix_series,
        "wrong_view_name": misname_view,
        "inline_series": add_inline,
        "other_cine": partial(add_other, world),
        "reacquired_slice": acquire_again,
        "missing_file": lose_files,
        "truncated_member": tear_file,
        "shuffled_members": shuffle,
        "manifest_misnamed": misname_manifest,
        "manifest_columns": rename_columns,
        "manifest_missing": lose_manifest,
        "truncated_archive": truncate,
    }


def _stem(archive: Archive) -> str:
    return SHORT_AXIS_NAME if archive.field == SHORT_AXIS_FIELD else "CINE_segmented_LAX"


def _draw_cine(rng: np.random.Generator, archive: Archive) -> PhantomCine:
    """Draw one of the planned cines."""
    planned = [cine for cine in archive.cines if cine.planned]
    return planned[int(rng.integers(len(planned)))]


def _replace(archive: Archive, old: PhantomCine, *new: PhantomCine) -> Archive:
    cines = [kept for cine in archive.cines for kept in (new if cine is old else (cine,))]
    return archive._replace(cines=cines)
