"""The table of a cohort: who, exact volumes, and what the field's formulas read off the written label maps."""

import numpy as np

from cmr_ssl.phantom.person import PhantomStudy
from cmr_ssl.phantom.population import Body, Subject
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.volumes import LabelMap, ejection, emptying, measure, output

Row = dict[str, float | int | str]
READ_OFF = "UKB "  # prefix of columns that UK Biobank's formulas give on the written masks


def row(eid: int, study: PhantomStudy) -> Row:
    """Return one subject's line."""
    beat = study.world.scene.heart.beat
    values: Row = {"eid": eid, **person(study.subject.body), "Pathology": study.subject.pathology}
    values |= {"Faults": ";".join(study.faults), "ES frame": int(beat.lv.argmin())}
    values |= {"Slice shift (mm)": slice_shift(study)}
    return values | exact(study.subject) | {f"{READ_OFF}{name}": value for name, value in read_off(study).items()}


def session_row(eid: int, study: PhantomStudy) -> Row:
    """Return one line of the table of sessions: which scanner took the images, and what was drawn for this subject."""
    session = study.world.session
    stack = next(item for item in study.series if item.plan.view == SHORT_AXIS)
    return {
        "eid": eid,
        "Scanner": session.scanner,
        "SNR": session.snr,
        "Muscle/blood": study.world.scene.tissues.muscle,
        "Blood (grey)": session.blood,
        "Coil reach (mm)": session.reach_mm,
        "Resolution": session.resolution,
        "Slice (mm)": stack.plan.thickness,
    }


def person(body: Body) -> Row:
    """Return the columns that describe the person; sex is 0 for women and 1 for men, as in the field."""
    return {
        "Sex": int(body.male),
        "Age": body.age,
        "Height (cm)": body.height,
        "Weight (kg)": body.weight,
        "BMI (kg/m2)": body.bmi,
        "BSA (m2)": body.bsa,
        "Heart rate (bpm)": body.heart_rate,
    }


def exact(subject: Subject) -> dict[str, float]:
    """Return the true volumes under the field's column names."""
    volumes = subject.volumes
    values = ejection("LV", volumes.lvedv, volumes.lvesv)
    values |= output(values["LVSV (mL)"], subject.body.heart_rate)
    values |= {"LVM (g)": volumes.lvm} | ejection("RV", volumes.rvedv, volumes.rvesv)
    values |= emptying("LA", volumes.lavmax, volumes.lavmin)
    return values | emptying("RA", volumes.ravmax, volumes.ravmin)


def read_off(study: PhantomStudy) -> dict[str, float]:
    """Return what the field's formulas give on the label maps as they are filed."""
    filed = {item.plan.view: LabelMap(item.labels, item.plan.affine) for item in study.series}
    return measure(filed, study.subject.body.heart_rate).values


def slice_shift(study: PhantomStudy) -> float:
    """Return the mean in-plane displacement by breathing of the short-axis slices, mm."""
    stack = next(item for item in study.series if item.plan.view == SHORT_AXIS)
    axes = stack.plan.affine[:3, :2] / np.linalg.norm(stack.plan.affine[:3, :2], axis=0)
    return float(np.linalg.norm(stack.shifts @ axes, axis=1).mean())
