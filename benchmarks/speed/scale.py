"""``python -m benchmarks.speed.scale``: what cohorts of many studies need; writes docs/scale.md.

Importing and preparing are measured on a few synthetic studies of UK Biobank's size, on one core. How fast a GPU trains
is taken from docs/gpu.md: give other figures as options.
"""

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from cmr_ssl.commands.import_ukb import import_ukb
from cmr_ssl.commands.phantom import phantom
from cmr_ssl.commands.prepare import prepare
from cmr_ssl.files import save_text
from cmr_ssl.report.tables import markdown
from experiments.machine import description

PAGE, BY_HAND = Path("docs/scale.md"), "## Written by hand"
COHORTS = (14_000, 100_000, 1_000_000)
PASSES = 100  # over every study, in one pretraining
SEED = 31
READ_MB = 9 * 50 * 128 * 128 / 1e6  # of a study of 9 planes, as those of docs/gpu.md


class StudyCost(NamedTuple):
    """What one study takes.

    Attributes:
        zips_mb: of its archives.
        nifti_mb: of its images once imported.
        cache_mb: of its prepared file.
        import_s: of one core, to import it.
        prepare_s: of one core, to prepare it.
    """

    zips_mb: float
    nifti_mb: float
    cache_mb: float
    import_s: float
    prepare_s: float


class Gpu(NamedTuple):
    """A GPU, and how many studies a second it learns from at the scale of the paper."""

    name: str
    studies_a_second: float


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser("python -m benchmarks.speed.scale", description=__doc__)
    parser.add_argument("--studies", type=int, default=4, help="how many are imported and prepared")
    parser.add_argument("--gpu", default="NVIDIA H200", help="its name")
    parser.add_argument("--studies-a-second", type=float, default=756.4, help="that it learns from, compiled")
    parser.add_argument("--out", type=Path, default=PAGE)
    return parser.parse_args()


def measure(studies: int, folder: Path) -> StudyCost:
    """Make, import and prepare a few studies, and return what one of them takes."""
    zips, nifti, cache = folder / "zips", folder / "nifti", folder / "cache"
    phantom(zips, subjects=studies, seed=SEED, dicom=True)
    import_s = core_seconds(lambda: import_ukb(zips, nifti))
    prepare_s = core_seconds(lambda: prepare(nifti, cache))
    sizes = (megabytes(zips, "*.zip"), megabytes(nifti, "*.nii.gz"), megabytes(cache, "*.safetensors"))
    return StudyCost(*(value / studies for value in (*sizes, import_s, prepare_s)))


def core_seconds(command: Callable[[], int]) -> float:
    """Return the processor's seconds of a command and the processes that it starts.

    Raises:
        RuntimeError: if it failed.
    """
    started = time.process_time() + children_s()
    if command():
        raise RuntimeError("nothing came out of it: see above")
    return time.process_time() + children_s() - started


def children_s() -> float:
    """Return the processor's seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def megabytes(folder: Path, pattern: str) -> float:
    """Return the size of all files of this name below a folder."""
    return sum(path.stat().st_size for path in folder.rglob(pattern)) / 1e6


def needs(cost: StudyCost, gpu: Gpu) -> str:
    """Return a Markdown table of what cohorts need: a row a resource, a column a cohort."""
    rows = {
        "archives, TB": [count * cost.zips_mb / 1e6 for count in COHORTS],
        "NIfTI, TB": [count * cost.nifti_mb / 1e6 for count in COHORTS],
        "cache, TB": [count * cost.cache_mb / 1e6 for count in COHORTS],
        "import, hours of 64 cores": [count * cost.import_s / 3600 / 64 for count in COHORTS],
        "prepare, hours of 64 cores": [count * cost.prepare_s / 3600 / 64 for count in COHORTS],
        f"pretraining, {PASSES} passes, hours of one {gpu.name}": [
            PASSES * count / gpu.studies_a_second / 3600 for count in COHORTS
        ],
        "... of 8": [PASSES * count / gpu.studies_a_second / 3600 / 8 for count in COHORTS],
        "... of 64": [PASSES * count / gpu.studies_a_second / 3600 / 64 for count in COHORTS],
    }
    cells = [
        [name, *(f"{value:,.1f}" if value >= 1 else f"{value:.2f}" for value in row)] for name, row in rows.items()
    ]
    return markdown(["what", *(f"{count:,} studies" for count in COHORTS)], cells, 1)


def document(cost: StudyCost, gpu: Gpu, studies: int, by_hand: str) -> str:
    """Return the page."""
    return "\n\n".join(
        [
            "# Cohorts of 14,000 to 1,000,000 studies",
            f"Written by `python -m benchmarks.speed.scale`. {' '.join(description())}",
            f"Measured on {studies} synthetic studies of UK Biobank's size, one core: {cost.zips_mb:.0f} MB of "
            f"archives and {cost.nifti_mb:.0f} MB of NIfTI a study; importing takes {cost.import_s:.1f} s, preparing "
            f"{cost.prepare_s:.1f} s and {cost.cache_mb:.1f} MB. One {gpu.name} learns from {gpu.studies_a_second:.0f} "
            "studies a second, of 9 planes each ([gpu.md](gpu.md)). Everything below is extrapolated from that: "
            "perfectly parallel, disks and loaders that keep up.",
            needs(cost, gpu),
            f"A GPU at that pace reads {READ_MB * gpu.studies_a_second / 1e3:.1f} GB a second from the cache, 64 of "
            f"them {64 * READ_MB * gpu.studies_a_second / 1e3:.0f}.",
            *([f"{BY_HAND}\n{by_hand}".rstrip()] if by_hand else []),
        ]
    )


def main() -> None:
    """Measure and write the page; what was written by hand at its end stays."""
    options = parse()
    page = options.out.read_text() if options.out.is_file() else ""
    with TemporaryDirectory() as folder:
        cost = measure(options.studies, Path(folder))
    gpu = Gpu(options.gpu, options.studies_a_second)
    save_text(options.out, document(cost, gpu, options.studies, page.partition(BY_HAND)[2]) + "\n")
    print(f"{options.out} is written")


if __name__ == "__main__":
    main()
