"""What goes wrong between the scanner and the archive, each with its rate; the pictures are those of `faults`."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from cmr_ssl.phantom.examination import FIRST_TRY_S, NAMES, SHORT_AXIS_FIELD, SHORT_AXIS_NAME, PhantomCine
from cmr_ssl.phantom.faults import smear
from cmr_ssl.phantom.prescription import Prescription
from cmr_ssl.phantom.scanner_archive import COLUMNS, Archive
from cmr_ssl.phantom.series_pixels import World, acquire

# Of an archive. Public code knows each of these and handles it; no rate is published, so they are as rare as a cohort
# of some hundred allows for all to be met. Copies of an inline analysis and both names of the manifest are common.
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
TRIED_IN_VAIN = 0.2  # of slices acquired again: the second try is the worse one
REPEAT_VISITS = {"none": 0.0, "default": 0.05}  # of subjects


class Struck(NamedTuple):
    """An archive after a fault, which series it struck, and how: with frames, shares or names as the fault has it."""

    archive: Archive
    where: str = ""
    value: str = ""


class FaultNote(NamedTuple):
    """One line of the generator's own record of faults.

    Attributes:
        subject: the id.
        visit: its number.
        fault: name of the fault.
        field: the archive it struck; 0 for the whole visit.
        where: description of the series it struck.
        value: how, as `Struck` has it.
    """

    subject: str
    visit: int
    fault: str
    field: int = 0
    where: str = ""
    value: str = ""


Fault = Callable[[np.random.Generator, Archive], Struck | None]  # None where it cannot strike


def strike_archive(
    rng: np.random.Generator, archive: Archive, world: World, rates: dict[str, float]
) -> tuple[Archive, list[tuple[str, Struck]]]:
    """Let each fault strike at its rate; return what is filed, and each fault that struck with what it left."""
    record = []
    for name, fault in faults_of(world).items():
        own = np.random.default_rng(int(rng.integers(2**63)))
        if own.random() < rates.get(name, 0.0) and (struck := fault(own, archive)) is not None:
            archive = struck.archive
            record.append((name, struck))
    return archive, record


def mix_series(_: np.random.Generator, archive: Archive) -> Struck:
    """File all cines in one series."""
    name = _stem(archive)
    cines = [cine._replace(series=name, description=name) for cine in archive.cines]
    return Struck(archive._replace(cines=cines), name)


def misname_view(rng: np.random.Generator, archive: Archive) -> Struck | None:
    """Give one long-axis view the name of another."""
    cine = _some(rng, archive)
    if cine.description not in NAMES.values():
        return None
    wrong = str(rng.choice([name for name in NAMES.values() if name != cine.description]))
    return Struck(_change(archive, cine, cine._replace(description=wrong)), cine.description, wrong)


def add_inline(_: np.random.Generator, archive: Archive) -> Struck:
    """Add the copies with contours that an inline analysis files, all in one series."""
    name = f"{_stem(archive)}_InlineVF"
    later = max(cine.started_s for cine in archive.cines) + FIRST_TRY_S
    planned = [cine._replace(series=name, description=name) for cine in archive.cines if cine.planned]
    copies = [
        cine._replace(name=f"{cine.name}_inline", started_s=later, analysed=True, planned=False) for cine in planned
    ]
    return Struck(archive._replace(cines=archive.cines + copies), name)


def add_other(world: World, rng: np.random.Generator, archive: Archive) -> Struck:
    """Add a cine for another purpose: a transverse one of the great vessels."""
    name = "CINE_segmented_Ao_dist"
    columns, rows = archive.cines[0].pixels.shape[:0:-1]
    step = float(np.linalg.norm(archive.cines[0].affine[:3, 0]))
    affine = np.diag([-step, -step, 6.0, 1.0])
    middle = world.placement.origin + [0.0, 0.0, rng.uniform(55.0, 75.0)]
    affine[:3, 3] = middle - affine[:3, :2] @ ((np.array([columns, rows]) - 1) / 2)
    taken = acquire(rng, world, Prescription(name, affine, (columns, rows, 1), 6.0), 0.0)
    other = PhantomCine(name, name, name, 0.0, affine, 6.0, taken.pixels[:, 0], taken.labels[:, 0], planned=False)
    return Struck(archive._replace(cines=[other, *archive.cines]), name)


def acquire_again(rng: np.random.Generator, archive: Archive) -> Struck:
    """File a worse try of one slice under the same description, mostly an earlier one; some were broken off."""
    cine = _some(rng, archive)
    frames = len(cine.pixels)
    taken = int(rng.integers(frames // 3, frames)) if rng.random() < 0.3 else frames
    name = f"{cine.name}_try"
    in_vain = rng.random() < TRIED_IN_VAIN
    worse = cine._replace(
        name=name,
        series=name,
        started_s=cine.started_s + (FIRST_TRY_S if in_vain else -FIRST_TRY_S),
        pixels=smear(cine.pixels, 4, 0.5),
        lost=frozenset(range(taken, frames)),
        planned=False,
    )
    return Struck(_change(archive, cine, worse, cine), cine.description, f"{taken} of {frames} frames")


def lose_files(rng: np.random.Generator, archive: Archive) -> Struck:
    """Lose the files of one to three frames of a slice."""
    cine = _some(rng, archive)
    first, count = int(rng.integers(len(cine.pixels))), int(rng.integers(1, 4))
    lost = range(first, min(first + count, len(cine.pixels)))
    changed = _change(archive, cine, cine._replace(lost=frozenset(lost)))
    return Struck(changed, cine.description, f"frames {' '.join(map(str, lost))}")


def tear_file(rng: np.random.Generator, archive: Archive) -> Struck:
    """Let one file end in the middle of its pixels."""
    cine = _some(rng, archive)
    frame = int(rng.choice([frame for frame in range(len(cine.pixels)) if frame not in cine.lost]))
    return Struck(archive._replace(torn=(cine.name, frame)), cine.description, f"frame {frame}")


def shuffle(rng: np.random.Generator, archive: Archive) -> Struck:
    """File the members in any order."""
    return Struck(archive._replace(order=int(rng.integers(2**31))))


def misname_manifest(_: np.random.Generator, archive: Archive) -> Struck:
    """Misspell the manifest's own name, as many archives do."""
    return Struck(archive._replace(manifest="manifest.cvs"), value="manifest.cvs")


def rename_columns(rng: np.random.Generator, archive: Archive) -> Struck:
    """Call the column of descriptions otherwise."""
    name = str(rng.choice(["series description", "discription", "seriesdesc"]))
    columns = tuple(name if column == "series discription" else column for column in COLUMNS)
    return Struck(archive._replace(columns=columns), value=name)


def lose_manifest(_: np.random.Generator, archive: Archive) -> Struck:
    """Leave out the manifest."""
    return Struck(archive._replace(manifest=""))


def truncate(rng: np.random.Generator, archive: Archive) -> Struck:
    """Let the archive end early, as after a download that broke off; its table of contents is lost."""
    kept = float(rng.uniform(0.2, 0.95))
    return Struck(archive._replace(kept=kept), value=f"{kept:.2f} of the bytes")


def faults_of(world: World) -> dict[str, Fault]:
    """Return all faults in the order in which they strike; `world` is what another cine would show."""
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


def _some(rng: np.random.Generator, archive: Archive) -> PhantomCine:
    """Draw one of the cines a study is made of."""
    planned = [cine for cine in archive.cines if cine.planned]
    return planned[int(rng.integers(len(planned)))]


def _change(archive: Archive, old: PhantomCine, *new: PhantomCine) -> Archive:
    cines = [one for cine in archive.cines for one in (new if cine is old else (cine,))]
    return archive._replace(cines=cines)
