"""The command `synthesize`."""

from pathlib import Path

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import check_apart, checkpoint_at
from cmr_ssl.sources import FIELD_FILES, NiftiFiles, NiftiFolder
from cmr_ssl.synthesis.plane_requests import parse_planes


def synthesize(
    checkpoint: Path,
    source: Path,
    out: Path,
    planes: str,
    files: NiftiFiles = FIELD_FILES,
    device: str = "auto",
    shard: int = 0,
    shards: int = 1,
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Write planes that nobody acquired, over the whole beat, as a pretrained model tells them; run again to continue.

    Args:
        checkpoint: or the folder of a run, of a pretraining with anatomical positions; it knows how to prepare.
        source: folder with one sub-folder a subject.
        out: folder for SUBJECT/synthetic_*.nii.gz, pictures of them, and synthesis.csv.
        planes: dense for a short axis every 2 mm; la:0,30,60,90 for planes through the long axis at these angles about
            it (2-chamber near 90, 3-chamber near 30, 4-chamber near 150); like:FILE.nii.gz for the planes of a file.
        files: how a subject's files are called.
        device: cpu, cuda, or auto for cuda where there is one.
        shard: which part of the subjects this command does, from 0.
        shards: how many parts there are; an array job runs one command a part, with the same --out.
        overwrite: do everything again, and replace what was made with other settings.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if all or some could be made, else 1.

    Raises:
        FileNotFoundError: if checkpoint, source or the file of `planes` are missing.
        ValueError: if the checkpoint is of another kind, `planes` asks for nothing known, or `out` lies in `source`.
    """
    requests = parse_planes(planes)
    folder, withdrawals = NiftiFolder(source, files), read_withdrawn(withdrawn)
    check_apart(source, out, folder.subjects())
    checkpoint = checkpoint_at(checkpoint)

    from cmr_ssl.runner.run import Shard
    from cmr_ssl.synthesis.synthesizer import synthesize_folder

    part = Shard(shard, shards)
    tally = synthesize_folder(checkpoint, folder, out, requests, device, part, withdrawals, overwrite)
    print(f"planes of {tally.usable} subjects synthesised, {tally.statuses['rejected']} not, in {out}")
    return tally.status
