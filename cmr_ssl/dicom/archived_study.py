"""One subject's archives to a study: the chosen slices on their grids, with the acquired pixels."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from cmr_ssl.anatomy import LV, MYOCARDIUM
from cmr_ssl.dicom.archive import Limits
from cmr_ssl.dicom.cine import find_cines
from cmr_ssl.dicom.contours import weak_labels
from cmr_ssl.dicom.file_issues import LOSSES
from cmr_ssl.dicom.header import LPS_TO_RAS, ImageHeader
from cmr_ssl.dicom.heart_cuts import cutting_plane, heart_centre, several_places
from cmr_ssl.dicom.images import pixel_type, read_stack
from cmr_ssl.dicom.pixels import clear_cache
from cmr_ssl.dicom.reacquisitions import choose_plane, choose_slices
from cmr_ssl.dicom.scan import scanned
from cmr_ssl.dicom.stack import Stack, single_plane, stack_slices
from cmr_ssl.dicom.view_assignment import ViewAssignment, name_views
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS
from cmr_ssl.preparation.beat_frames import BEAT_CHANGE
from cmr_ssl.preparation.geometry import size_flaw
from cmr_ssl.study import Finding, Study

PART_OF_BEAT = 0.85  # below which frames were triggered prospectively and miss the end of diastole
MORE_THAN_BEAT = 1.5  # above which trigger times and the scanner's beat contradict each other

UNREAD = LOSSES | {"bad-archive", "colours", "mixed-acquisitions", "no-beat", "no-order", "not-magnitude"}


def read_study(subject: str, archives: list[Path], limits: Limits, overlays: bool = False) -> Study:
    """Read the cines of one subject from zips and folders; their defects become findings, not exceptions.

    With `overlays` the short axis is labelled by the contours of the scanner's own analysis, if there are any.
    """
    study = Study(subject)
    with warnings.catch_warnings(), scanned(archives, limits) as (headers, findings):
        warnings.simplefilter("ignore")  # pydicom's about invalid values; those in use are checked
        stacks, more = choose_stacks(headers)
        study.findings += findings + more
        size = sum(int(np.prod(stack.shape)) * pixel_type(stack).itemsize for stack in stacks)
        if size > limits.pixel_bytes:
            allowed = limits.pixel_bytes / 2**20
            message = f"its images need {size / 2**20:.0f} MiB, more than the {allowed:.0f} kept of one subject"
            study.findings.append(Finding("too-many-pixels", "rejected", "", message, size))
            stacks = []
        for stack in stacks:
            if flaw := size_flaw(stack.affine, stack.shape):
                study.findings.append(Finding("implausible-size", "rejected", stack.view, flaw))
                continue
            series, more = read_stack(stack)
            study.findings += more
            if not series.acquired.any():
                continue
            if overlays and stack.view == SHORT_AXIS:
                labels, more = weak_labels(stack, headers)
                study.findings += more
                if labels is not None:
                    series = replace(series, labels=labels, annotated=(LV, MYOCARDIUM))
            study.series.append(series)
        clear_cache()
    study.findings = _with_missing_short_axis(study)
    if not study.series and not any(finding.severity == "rejected" for finding in study.findings):
        study.findings.append(Finding("no-images", "rejected", "", "the archives hold no cine of any view"))
    return study


def choose_stacks(headers: list[ImageHeader]) -> tuple[list[Stack], list[Finding]]:
    """Choose the slices of each view; pixels are read only to choose among several acquisitions."""
    cines, findings = find_cines(headers)
    assigned = name_views(cines)
    findings += assigned.findings
    stacks: list[Stack] = []
    if SHORT_AXIS in assigned.views:
        down = -assigned.axis @ LPS_TO_RAS[:3, :3]
        chosen, replaced = choose_slices(assigned.views[SHORT_AXIS], down)
        stack, uneven = stack_slices(chosen, down)
        stacks.append(stack)
        findings += replaced + uneven + _beat(stack)
    planes, more = _long_axis(assigned, stacks[0] if stacks else None)
    return stacks + planes, findings + more


def _long_axis(assigned: ViewAssignment, short: Stack | None) -> tuple[list[Stack], list[Finding]]:
    """Choose the plane of each long-axis view."""
    views = {view: assigned.views[view] for view in LONG_AXIS if view in assigned.views}
    several = {view: several_places(cines) for view, cines in views.items()}
    centre = heart_centre(short, views) if any(several.values()) else None
    stacks: list[Stack] = []
    findings: list[Finding] = []
    for view, cines in views.items():
        if several[view]:
            cine, more = cutting_plane(view, cines, centre, assigned.axis)
        else:
            cine, more = choose_plane(view, cines)
        stacks.append(single_plane(view, cine))
        findings += more + _beat(stacks[-1])
    return stacks, findings


def _with_missing_short_axis(study: Study) -> list[Finding]:
    """Return the findings, with one that stands out if the short axis may lie in unreadable files."""
    unread = [finding for finding in study.findings if finding.code in UNREAD]
    if not study.series or study.series[0].view == SHORT_AXIS or not unread:
        return study.findings
    message = f"the short axis is missing; it may lie in what could not be read: {unread[0].message}"
    rest = [finding._replace(severity="noted") if finding.code in LOSSES else finding for finding in study.findings]
    return [*rest, Finding("unread-short-axis", "rejected", SHORT_AXIS, message)]


def _beat(stack: Stack) -> list[Finding]:
    """Return findings on slices of different heart rates, and on frames that cover only a part of the beat."""
    cines = [cine for cine in stack.slices if cine is not None]
    findings = []
    beats = [beat for cine in cines if np.isfinite(beat := cine.frame_ms * len(cine.frames))]
    if beats and max(beats) > (1 + BEAT_CHANGE) * min(beats):
        message = f"the slices were acquired at different heart rates: beats of {min(beats):.0f} to {max(beats):.0f} ms"
        findings.append(Finding("heart-rate-varies", "noted", stack.view, message, max(beats) / min(beats)))
    covered = [cine.frame_ms * len(cine.frames) / cine.interval_ms for cine in cines]
    share = float(np.median(covered)) if covered else np.nan
    if share < PART_OF_BEAT:
        message = f"the frames cover {share:.0%} of the beat"
        findings.append(Finding("part-of-beat", "noted", stack.view, message, share))
    if share > MORE_THAN_BEAT:
        message = (
            f"the trigger times cover {share:.0%} of the scanner's beat (NominalInterval); one of them is wrong, and "
            "with it perhaps the heart rate"
        )
        findings.append(Finding("beat-differs", "noted", stack.view, message, share))
    return findings
