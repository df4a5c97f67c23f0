"""Segment scans, measure volumes, ejection fraction and mass, and look at the result.

python examples/segment_and_measure.py                                       # a synthetic heart and its exact labels
python examples/segment_and_measure.py --model runs/segmentation --scans NIFTI_DIR --out OUT
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cmr_ssl

SHOWN = ("LVEDV (mL)", "LVESV (mL)", "LVEF (%)", "LVM (g)", "RVEF (%)", "LAV max (mL)")


def studies(folder: Path | None) -> Iterator[cmr_ssl.Study]:
    """Yield the studies of a folder, or a synthetic one."""
    if folder is None:
        yield cmr_ssl.phantom(seed=7, subject=3, preset="small")
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield cmr_ssl.read(path)


def main() -> None:
    """Segment with a model, or take the labels that studies have, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="folder of a run, or a checkpoint, of a segmentation")
    parser.add_argument("--scans", type=Path, help="folder with a sub-folder a subject")
    parser.add_argument("--out", type=Path, default=Path("segmented"), help="folder for label maps and pictures")
    options = parser.parse_args()
    model = cmr_ssl.load(options.model) if options.model else None

    for study in studies(options.scans):
        folder = options.out / study.subject
        folder.mkdir(parents=True, exist_ok=True)
        labels, measured = study.labels, cmr_ssl.measure(study)
        if model:
            segmented = model.segment(study)
            segmented.save(folder)  # seg6_VIEW.nii.gz, on the grid of the images
            labels, measured = segmented.maps, segmented.volumes()
        cmr_ssl.plot(study, labels).save(folder / "labels.png")
        print(study)
        for name in SHOWN:
            # what cannot be measured, or believed, is NaN and says why
            print(f"  {name:14} {measured.values[name]:6.1f}  {measured.reasons.get(name, '')}")


if __name__ == "__main__":
    main()
