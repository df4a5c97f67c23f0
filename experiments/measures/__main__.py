"""Compare regional measures with what synthetic hearts are, of which only label maps are drawn.

python -m experiments.measures --subjects 20
"""

from argparse import ArgumentParser

from cmr_ssl.phantom.cohort_spec import PRESETS, Preset
from experiments.measures.report import summary
from experiments.measures.run import draw, errors


def main() -> None:
    """Print the table of errors."""
    parser = ArgumentParser(prog="python -m experiments.measures", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--subjects", type=int, default=20)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="full", help="pixels")
    parser.add_argument("--whole-beat", action="store_true", help="all 50 frames, for rates and fractions; slower")
    asked = parser.parse_args()
    preset = Preset(50, PRESETS[asked.preset].scale)
    print(summary([errors(draw(index, preset, asked.whole_beat)) for index in range(1, asked.subjects + 1)]))


if __name__ == "__main__":
    main()
