"""The table of a cohort: persons, exact volumes, and volumes measured on the written label maps."""

import numpy as np

from cmr_ssl.phantom.person import PhantomStudy
from cmr_ssl.phantom.population import Body, Subject
from cmr_ssl.volumes import LabelMap, ejection, emptying, measure, output

Row = dict[str, float | int | str]
READ_OFF = "UKB "  # prefix of volumes by UK Biobank's formulas on the label maps


def truth_row(eid: int, study: PhantomStudy) -> Row:
    """Return one subject's line."""
    beat = study.world.scene.heart.beat
    values: Row = {"eid": eid, **person_columns(study.subject.body), "Pathology": study.subject.pathology}
    values |= {"Faults": ";".join(study.faults), "ES frame": int(beat.lv.argmin())}
    values |= {"Slice shift (mm)": slice_shift(study)}
    return (
        values
        | true_volumes(study.subject)
        | {f"{READ_OFF}{name}": value for name, value in measured_volumes(study).items()}
    )


def session_row(eid: int, study: PhantomStudy) -> Row:
    """Return one line of the table of sessions: the scanner and its settings for this subject."""
    session = study.world.session
    stack = study.short_axis
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


def person_columns(body: Body) -> Row:
    """Return the columns of the person; sex is 0 for women and 1 for men."""
    return {
        "Sex": int(body.male),
        "Age": body.age,
        "Height (cm)": body.height,
        "Weight (kg)": body.weight,
        "BMI (kg/m2)": body.bmi,
        "BSA (m2)": body.bsa,
        "Heart rate (bpm)": body.heart_rate,
    }


def true_volumes(subject: Subject) -> dict[str, float]:
    """Return the true volumes under the field's column names."""
    volumes = subject.volumes
    values = ejection("LV", volumes.lvedv, volumes.lvesv)
    values |= output(values["LVSV (mL)"], subject.body.heart_rate)
    values |= {"LVM (g)": volumes.lvm} | ejection("RV", volumes.rvedv, volumes.rvesv)
    values |= emptying("LA", volumes.lavmax, volumes.lavmin)
    return values | emptying("RA", volumes.ravmax, volumes.ravmin)


def measured_volumes(study: PhantomStudy) -> dict[str, float]:
    """Return the phenotypes by the field's formulas on the written label maps."""
    maps = {series.plan.view: LabelMap(series.labels, series.plan.affine) for series in study.series}
    return measure(maps, study.subject.body.heart_rate).values


def slice_shift(study: PhantomStudy) -> float:
    """Return the mean in-plane displacement by breathing of the short-axis slices, mm."""
    stack = study.short_axis
    axes = stack.plan.affine[:3, :2] / np.linalg.norm(stack.plan.affine[:3, :2], axis=0)
    return float(np.linalg.norm(stack.shifts @ axes, axis=1).mean())
