"""What docs/kspace.md says first: which aims were reached and which were missed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cmr_ssl.robustness.undersampling import FULL, LINES, RECONSTRUCTED, ZERO_FILLED
from experiments.kspace.cines import DICE, DICE_OF_THE_SAME
from experiments.kspace.features import CENTRAL, TAUGHT
from experiments.kspace.figure import OF_THE_SAME
from experiments.kspace.ways import SHARED
from experiments.statistics import Array, Comparison, compare, exponent
from experiments.tables import with_interval

Errors = Mapping[tuple[str, float], np.ndarray]
LVEF_FACTOR, DICE_LOSS, FALL = 1.25, 0.03, 0.7  # what was aimed for


def verdict(errors: Errors, found: pd.DataFrame, paid: pd.DataFrame, at: float) -> str:
    """Return in sentences how the aims were met or missed at an acceleration."""
    sentences = [*of_phenotypes(errors, at), *of_cines(found, at), of_cost(paid)]
    return "\n".join(f"* {sentence}" for sentence in sentences)


def of_phenotypes(errors: Errors, at: float) -> list[str]:
    """Return how well LVEF is told."""
    lvef = {way: values[:, 0] for (way, one), values in errors.items() if one in (1.0, at)}
    means = {way: values.mean() for way, values in lvef.items()}
    taught, lines, full = means[TAUGHT], means[LINES], means[FULL]
    better = (
        compare(paired(lvef[TAUGHT]), paired(lvef[ZERO_FILLED])),
        compare(paired(lvef[TAUGHT + OF_THE_SAME]), paired(lvef[ZERO_FILLED + OF_THE_SAME])),
    )
    return [
        f"**LVEF at R = {at:g}**: an error of {taught:.2f} points when an encoder that was taught to read images of "
        f"shared lines is asked, by the very head of full images, and {full:.2f} from full images: "
        f"{taught / full:.2f} times (aim: {LVEF_FACTOR}, "
        f"{met(taught <= LVEF_FACTOR * full)}). Untaught it gives {means[SHARED]:.2f}.",
        f"Zero-filled images in the encoder as it was give {means[ZERO_FILLED]:.2f}, and "
        f"{means[ZERO_FILLED + OF_THE_SAME]:.2f} with a head that learnt from such images. The taught encoder's error, "
        f"paired, differs by {changed(better[0])} % and, with a head that learnt from the same, by "
        f"{changed(better[1])} % (aim: below 0, {met(below(better[0]))} and {met(below(better[1]))}).",
        f"**Lines** without images in between give {lines:.2f}: {lines / full:.2f} times full images (aim: "
        f"{LVEF_FACTOR}, {met(lines <= LVEF_FACTOR * full)}). Central lines as measured, without an encoder, give "
        f"{means[CENTRAL]:.2f}.",
    ]


def of_cines(found: pd.DataFrame, at: float) -> list[str]:
    """Return how near cines come, and how well they are segmented."""
    table = found.pivot(index="subject", columns=["measure", "way", "acceleration"], values="value")
    mean = table.mean()
    same, full = (paired(-table[key].to_numpy()) for key in ((DICE_OF_THE_SAME, SHARED, at), (DICE, FULL, 1.0)))
    lost = compare(same, full)
    nmse = {way: mean["NMSE", way, at] for way in (ZERO_FILLED, SHARED, RECONSTRUCTED, LINES)}
    return [
        f"**Dice of the myocardium at R = {at:g}**: {mean[DICE_OF_THE_SAME, SHARED, at]:.3f} by a U-Net that learnt "
        f"from images of shared lines, {mean[DICE, FULL, 1.0]:.3f} by one that learnt from full images on these: less "
        f"by {with_interval(lost.difference, '{:.3f}')} (aim: at most {DICE_LOSS}, "
        f"{met(lost.difference.value <= DICE_LOSS)}). On reconstructed images the former "
        f"reaches {mean[DICE_OF_THE_SAME, RECONSTRUCTED, at]:.3f}. The U-Net of full images reaches "
        f"{mean[DICE, ZERO_FILLED, at]:.3f} on zero-filled images, {mean[DICE, SHARED, at]:.3f} on those of shared "
        f"lines, {mean[DICE, RECONSTRUCTED, at]:.3f} on reconstructed ones and {mean[DICE, LINES, at]:.3f} on "
        "completed lines.",
        f"**Cines**: the NMSE is {nmse[ZERO_FILLED]:.3f} zero-filled, {nmse[SHARED]:.3f} of shared lines, "
        f"{nmse[LINES]:.3f} with what the decoder of lines adds to these, and {nmse[RECONSTRUCTED]:.3f} by compressed "
        "sensing.",
    ]


def of_cost(paid: pd.DataFrame) -> str:
    """Return how the cost of a step on lines falls."""
    return f"**Cost**: a step on lines falls like 1 / R^{falls(paid):.2f} (aim: {FALL}, {met(falls(paid) >= FALL)})."


def met(aim: bool) -> str:
    """Return whether an aim was reached, in a word."""
    return "reached" if aim else "missed"


def below(comparison: Comparison) -> bool:
    """Tell whether all of the interval of a difference is below 0."""
    return comparison.difference.high < 0


def falls(paid: pd.DataFrame) -> float:
    """Return p of seconds ~ R^-p."""
    return -exponent(paid["acceleration"], paid["seconds"])


def paired(values: np.ndarray) -> Array:
    """Return errors of subjects (S,) as `statistics` takes them, (1, 1, S)."""
    return np.asarray(values, np.float64)[None, None]


def changed(comparison: Comparison) -> str:
    """Return a change of an error in %."""
    value, low, high = comparison.reduction
    return with_interval([-100 * value, -100 * high, -100 * low], "{:+.0f}")
