"""Limits of the measures of checks, with their reasons."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cmr_ssl.preparation.checks.prepared_planes import Measure


class Limit(NamedTuple):
    """The value beyond which a measure is a finding.

    Attributes:
        value: the limit.
        above: whether values above it are findings; else those below.
        message: of a finding, with the value as `{value}`.
        reason: for the limit.
        certain: the value beyond which a policy may reject; None where the limit itself is certain.
    """

    value: float
    above: bool
    message: str
    reason: str
    certain: float | None = None


# "Clean" are 520 synthetic subjects without faults, except for those of normal breathing.
LIMITS = {
    "few-slices": Limit(
        5.5, False, "the short axis has {value:.0f} slices", "UK Biobank's analyses leave out stacks of fewer than 6"
    ),
    "base-missing": Limit(
        0.92,
        True,
        "the second slice beats like the ventricles (correlation {value:.2f}): the stack starts below the valves",
        "of 520 clean stacks one lies above, of stacks that lost two slices or three none below",
    ),
    "apex-missing": Limit(
        0.22,
        True,
        "the last slice moves over {value:.0%} of the area of a middle one: the stack ends above the apex",
        "of 520 clean stacks one lies above, of stacks that lost two slices or three none below",
    ),
    "still-slice": Limit(
        0.25,
        False,
        "the slice moves over {value:.0%} of the area of those beside it",
        "the weakest of 3300 clean slices moves over 30 %, one of a failing heart over 25 %",
        certain=0.15,
    ),
    "misaligned-stack": Limit(
        3.4, True, "slices are shifted by {value:.1f} mm on average", "Tarroni et al. 2020 call such a stack misaligned"
    ),
    "misaligned-slice": Limit(10.0, True, "the slice is shifted by {value:.1f} mm in its plane", "a wall's thickness"),
    "mistriggered": Limit(
        0.055,
        True,
        "the beat is turned by {value:.0%} against the planes it crosses",
        "clean synthetic planes are turned by 0.3 % (SD); sound ones of a person by up to 4.4 %, at beats 15 % apart. "
        "Beats 25 % apart turn planes by 7 %, a third apart by 12 %: only then something else is wrong for certain",
        certain=0.12,
    ),
    "low-contrast": Limit(
        0.30,
        False,
        "blood and muscle are {value:.0%} of all greys apart",
        "Tarroni et al. 2020 call less than 30 % low",
    ),
    "wrap-around": Limit(
        0.30,
        True,
        "the picture comes again far from its place (correlation {value:.2f})",
        "of 3000 clean views two reach 0.35 and 0.38, all others 0.27",
    ),
    "blurred": Limit(
        0.25,
        True,
        "edges come again beside themselves (correlation {value:.2f}): the breath was not held",
        "of 7180 clean planes two lie above; of blurred slices 99 % do, of blurred long-axis planes 71 %",
    ),
    "repeated-frames": Limit(
        0.5, True, "{value:.0f} frames repeat the frame before", "no two frames have the same noise"
    ),
    "same-slice": Limit(
        0.97,
        True,
        "the slice shows what the one before shows (correlation {value:.2f})",
        "the most alike of 5100 clean neighbours reach 0.70",
    ),
}


def beyond(measures: Sequence[Measure], limits: Mapping[str, Limit]) -> list[Measure]:
    """Return the measures beyond their limits."""
    return [measure for measure in measures if excess(measure.value, limits[measure.code]) > 0]


def excess(value: float, limit: Limit) -> float:
    """Return how far a value is beyond its limit; negative within."""
    return value - limit.value if limit.above else limit.value - value


def certain(value: float, limit: Limit) -> bool:
    """Tell whether a value is so far beyond its limit that a policy may reject the plane or view."""
    return limit.certain is None or excess(value, limit._replace(value=limit.certain)) > 0


def with_values(values: Mapping[str, float]) -> dict[str, Limit]:
    """Return the limits, some of them with other values; raise ValueError if a code is unknown."""
    unknown = sorted({*values} - {*LIMITS})
    if unknown:
        raise ValueError(f"nothing is measured that is called {unknown[0]!r}: give limits of {', '.join(LIMITS)}")
    return {code: limit._replace(value=values.get(code, limit.value)) for code, limit in LIMITS.items()}
