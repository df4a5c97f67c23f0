"""One subject's archives to a study: the chosen slices on their grids, with the pixels they were acquired with."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from cmr_ssl.anatomy import LV, MYOCARDIUM
from cmr_ssl.dicom.archive import Limits
from cmr_ssl.dicom.cine import find_cines
from cmr_ssl.dicom.contours import weak_labels
from cmr_ssl.dicom.header import Header
from cmr_ssl.dicom.heart_cuts import cutting_plane, heart_centre, several_places
from cmr_ssl.dicom.images import read_stack, stored_as
from cmr_ssl.dicom.pixels import forget
from cmr_ssl.dicom.reacquisitions import settle_plane, settle_stack
from cmr_ssl.dicom.scan import scanned
from cmr_ssl.dicom.stack import LPS_TO_RAS, Stack, single_plane, stack_slices
from cmr_ssl.dicom.view_assignment import Named, name_views
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS
from cmr_ssl.preparation.beat_frames import BEAT_CHANGE
from cmr_ssl.study import Finding, Series, Study

PART_OF_BEAT = 0.85  # of the beat; frames that cover less were triggered ahead and miss the end of diastole

UNREAD = {
    "bad-archive", "compression", "damaged-header", "damaged-member", "deflated", "encrypted", "link", "long-header",
    "mixed-acquisitions", "multi-frame", "no-order", "no-place", "not-magnitude", "pixel-format", "too-large",
}  # fmt: skip


def read_study(subject: str, archives: list[Path], limits: Limits, overlays: bool = False) -> Study:
    """Read the cines of one subject; whatever is wrong with its archives becomes a finding, not an exception.

    Args:
        subject: its id.
        archives: zips and folders.
        limits: how much of one archive is worth reading.
        overlays: label the short axis by the contours of the scanner's own analysis, where there are any.
    """
    study = Study(subject)
    with warnings.catch_warnings(), scanned(archives, limits) as (headers, findings):
        warnings.simplefilter("ignore")  # pydicom's, about values that do not conform; what matters is checked here
        stacks, found = plan(headers)
        study.findings += findings + found
        size = sum(int(np.prod(stack.shape)) * stored_as(stack).itemsize for stack in stacks)
        if size > limits.pixel_bytes:
            allowed = limits.pixel_bytes / 2**20
            message = f"its images need {size / 2**20:.0f} MiB, more than the {allowed:.0f} kept of one subject"
            study.findings.append(Finding("too-many-pixels", "rejected", "", message, size))
            stacks = []
        for stack in stacks:
            series, found = read_stack(stack)
            if overlays and stack.view == SHORT_AXIS:
                series, drawn = _weakly_labelled(series, stack, headers)
                found += drawn
            study.series.append(series)
            study.findings += found
        forget()
    study.findings += _missing_short_axis(study)
    if not study.series and not any(found.severity == "rejected" for found in study.findings):
        study.findings.append(Finding("no-images", "rejected", "", "the archives hold no cine of any view"))
    return study


def plan(headers: list[Header]) -> tuple[list[Stack], list[Finding]]:
    """Choose from all images the slices of each view; pixels are read only where several slices could be the one."""
    cines, findings = find_cines(headers)
    named = name_views(cines)
    findings += named.findings
    stacks: list[Stack] = []
    if SHORT_AXIS in named.views:
        down = -named.axis @ LPS_TO_RAS[:3, :3]
        chosen, found = settle_stack(named.views[SHORT_AXIS], down)
        stack, uneven = stack_slices(chosen, down)
        stacks.append(stack)
        findings += found + uneven + _beat(stack)
    planes, found = _long_axis(named, stacks[0] if stacks else None)
    return stacks + planes, findings + found


def _long_axis(named: Named, short: Stack | None) -> tuple[list[Stack], list[Finding]]:
    """Choose the plane of each long-axis view."""
    views = {view: named.views[view] for view in LONG_AXIS if view in named.views}
    several = any(several_places(cines) for cines in views.values())
    centre = heart_centre(short, views) if several else None
    stacks: list[Stack] = []
    findings: list[Finding] = []
    for view, cines in views.items():
        alone = not several_places(cines)
        cine, found = settle_plane(view, cines) if alone else cutting_plane(view, cines, centre, named.axis)
        stacks.append(single_plane(view, cine))
        findings += found + _beat(stacks[-1])
    return stacks, findings


def _weakly_labelled(series: Series, stack: Stack, headers: list[Header]) -> tuple[Series, list[Finding]]:
    labels, findings = weak_labels(stack, headers)
    return (series if labels is None else replace(series, labels=labels, annotated=(LV, MYOCARDIUM))), findings


def _missing_short_axis(study: Study) -> list[Finding]:
    """Say loudly that a study has no short axis, where it may lie in what could not be read."""
    unread = [found for found in study.findings if found.code in UNREAD]
    if not study.series or study.series[0].view == SHORT_AXIS or not unread:
        return []
    message = f"the short axis is missing; it may lie in what could not be read: {unread[0].message}"
    return [Finding("unread-short-axis", "rejected", SHORT_AXIS, message)]


def _beat(stack: Stack) -> list[Finding]:
    """Note slices of different heart rates, and frames that cover a part of the beat only."""
    cines = [cine for cine in stack.slices if cine is not None]
    findings = []
    beats = [beat for cine in cines if np.isfinite(beat := cine.frame_ms * len(cine.frames))]
    if beats and max(beats) > (1 + BEAT_CHANGE) * min(beats):
        message = f"the slices were acquired at different heart rates: beats of {min(beats):.0f} to {max(beats):.0f} ms"
        findings.append(Finding("heart-rate-varies", "noted", stack.view, message, max(beats) / min(beats)))
    covered = [cine.frame_ms * len(cine.frames) / cine.interval_ms for cine in cines]
    if covered and (share := float(np.median(covered))) < PART_OF_BEAT:
        message = f"the frames cover {share:.0%} of the beat"
        findings.append(Finding("part-of-beat", "noted", stack.view, message, share))
    return findings
