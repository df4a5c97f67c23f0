"""Do intervals hold what they promise, does a second scan repeat the first: docs/reliability.md, resumable.

    python -m cmr_ssl demo --out demo
    python -m experiments.reliability --pretrained demo/pretraining [--workers 2]

A head for phenotypes is solved on the frozen encoder of the demo, from new synthetic hearts. Its intervals are measured
on others: as they are, with planes missing, and of other scanners; some are scanned a second time.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from cmr_ssl.files import checkpoint_at
from experiments.reliability.report import write_report
from experiments.reliability.run import everything
from experiments.reliability.settings import Settings


def main() -> None:
    """Carry out what is missing and write the report."""
    shape = RawDescriptionHelpFormatter
    parser = ArgumentParser(prog="python -m experiments.reliability", description=__doc__, formatter_class=shape)
    parser.add_argument("--pretrained", type=Path, required=True, help="checkpoint or run of the demo's pretraining")
    parser.add_argument("--folder", type=Path, default=Path("runs/reliability"), help="where hearts and runs lie")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of the page")
    asked = parser.parse_args()
    settings = Settings(asked.folder)
    everything(settings, checkpoint_at(asked.pretrained), asked.workers)
    write_report(settings, asked.out)


if __name__ == "__main__":
    main()
