"""A scanner with its cine sequence: one domain of images, from which each subject's session is drawn.

A scanner changes nothing but grey values: the same subject of a seed has the same heart, planes, breath-holds, label
maps and phenotypes under all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

from cmr_ssl.shipped import names, shipped

Range = tuple[float, float]  # lowest and highest, drawn evenly between them for each session

KIND = "scanners"  # folder of the configs that come with the package


@dataclass(frozen=True)
class Contrast:
    """Signals beside those of the default scanner."""

    muscle: Range = (1.0, 1.0)  # factor on the heart's muscle, relative to blood
    organs: Range = (1.0, 1.0)  # factor on liver, spleen, walls and muscles of the chest, relative to blood
    fat: Range = (1.0, 1.0)  # factor on fat, relative to blood
    lung: Range = (1.0, 1.0)  # factor on lung, relative to blood
    border: Range = (1.0, 1.0)  # darkness of lines between fat and water, 0 (in phase) to 1 (opposed phase)
    flow: Range = (1.0, 1.0)  # factor on the signal loss of moving blood, 0 to 2


@dataclass(frozen=True)
class Coils:
    """Positions and sensitivity of the coil elements: the shading of images."""

    reach_mm: Range = (65.0, 95.0)  # where the sensitivity of an element falls to 1/e; small is strong shading
    front_mm: Range = (25.0, 25.0)  # from the skin of the chest to the elements before it
    back_mm: Range = (15.0, 15.0)  # from the skin of the back to the elements behind it
    right_mm: Range = (0.0, 0.0)  # offset of the array to the patient's right, negative is left


@dataclass(frozen=True)
class MainField:
    """Off-resonance of the main field around the heart; a band is where spins turn half a cycle between two pulses."""

    shift: Range = (0.0, 0.0)  # at the middle of the ventricles, cycles per repetition
    slope: Range = (0.0, 0.0)  # change over 100 mm, in a direction drawn for each session
    curve: Range = (0.0, 0.0)  # change over the square of 100 mm, beyond the reach of the shim
    pocket: Range = (0.0, 0.0)  # beside the lateral wall, where lung and heart meet


@dataclass(frozen=True)
class Sequence:
    """The cine sequence in DICOM headers; images do not depend on it."""

    tesla: float = 1.5  # strength of the main field
    repetition_ms: float = 2.6  # from one pulse to the next
    echo_ms: float = 1.1  # from a pulse to its echo
    flip_degrees: float = 80.0  # angle of the pulses
    variant: tuple[str, ...] = ("SS", "OSP")  # DICOM's terms for the kind of steady state; spoiled is SP


@dataclass(frozen=True)
class Scanner:
    """A scanner with its cine sequence; without arguments the default one, balanced at 1.5 T as in UK Biobank."""

    name: str = "default"  # in tables, settings and DICOM headers
    contrast: Contrast = Contrast()  # signals of tissues
    coils: Coils = Coils()  # shading
    field: MainField = MainField()  # bands
    snr: Range = (28.0, 65.0)  # of blood in the heart, drawn evenly on a scale of ratios
    blood: Range = (150.0, 350.0)  # grey value of blood in the heart
    resolution: Range = (0.78, 0.92)  # acquired part of k-space along rows, up to 1, on the same grid
    filtered: bool = False  # whether noise is as smooth as the image, as after zero-filling; else white
    thickness: Range = (1.0, 1.0)  # of slices, relative to the planned one, at the same positions
    sequence: Sequence = Sequence()  # for headers

    def __post_init__(self) -> None:
        """Check that every range can be drawn from.

        Raises:
            ValueError: if a range is upside down or outside of the limits of its quantity.
        """
        if not self.name or self.name != self.name.strip():
            raise ValueError(f"a scanner needs a name, not {self.name!r}")
        for name, (low, high) in ranges(self).items():
            least, most = LIMITS.get(name, ANY)
            if not least <= low <= high <= most:
                raise ValueError(
                    f"{name} of the scanner {self.name!r} is {[low, high]}: give lowest and highest, "
                    f"between {least:g} and {most:g}"
                )


ANY = (float("-inf"), float("inf"))
LIMITS: dict[str, Range] = {
    **dict.fromkeys((f"contrast.{name}" for name in ("muscle", "organs", "fat", "lung")), (0.0, 5.0)),
    "contrast.border": (0.0, 1.0),
    "contrast.flow": (0.0, 2.0),
    "coils.reach_mm": (20.0, 1000.0),
    **dict.fromkeys(("coils.front_mm", "coils.back_mm"), (0.0, 500.0)),
    "snr": (1.0, 1000.0),
    "blood": (1.0, 1000.0),
    "resolution": (0.2, 1.0),
    "thickness": (0.1, 2.0),
}


def leaves(part: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield every setting of a scanner, or of a part of it, under its dotted name."""
    assert is_dataclass(part)
    for setting in fields(part):
        value = getattr(part, setting.name)
        if is_dataclass(value):
            yield from leaves(value, f"{prefix}{setting.name}.")
        else:
            yield f"{prefix}{setting.name}", value


def ranges(scanner: Scanner) -> dict[str, Range]:
    """Return the ranges of a scanner by their dotted names."""
    settings = {name: value for name, value in leaves(scanner) if not name.startswith("sequence.")}
    return {name: value for name, value in settings.items() if isinstance(value, tuple)}


DEFAULT = Scanner()


def changes(scanner: Scanner) -> dict[str, object]:
    """Return the settings in which a scanner differs from the default one, by dotted name, as JSON writes them."""
    defaults = dict(leaves(DEFAULT))
    return {
        f"scanner.{name}": list(value) if isinstance(value, tuple) else value
        for name, value in leaves(scanner)
        if value != defaults[name]
    }


def read_scanner(name: str) -> Scanner:
    """Return a scanner by the name of one that comes with the package, or by the path of a YAML file.

    Raises:
        ValueError: if there is no such file, or it describes no scanner.
    """
    from jsonargparse import ArgumentError, ArgumentParser

    path = Path(name) if Path(name).suffix in (".yaml", ".yml") else shipped(name, KIND)
    if path is None or not path.is_file():
        raise ValueError(f"there is no scanner {name!r}: give a YAML file or one of {', '.join(names(KIND))}")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(Scanner, "scanner")
    try:
        parsed = parser.parse_args([f"--scanner={path}"])
    except ArgumentError as error:
        raise ValueError(f"{path} describes no scanner: {' '.join(str(error).split())}") from error
    scanner: Scanner = parser.instantiate(parsed).scanner
    if scanner.name == DEFAULT.name and scanner != DEFAULT:
        raise ValueError(f"{path} differs from the default scanner and needs a `name` of its own")
    return scanner
