"""The patient around a synthetic heart: questionnaires, blood, ECG and diagnoses, partly caused by the heart.

Patients have a random stream of their own, so that hearts and images do not depend on them. Means and spreads are
roughly those of UK Biobank's imaging cohort; correlations are assumptions, not measured.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cmr_ssl.phantom.population import Subject

Row = dict[str, float | int | str]
FURTHEST = 4.0  # standard deviations to which values are clipped


@dataclass(frozen=True)
class Patient:
    """One synthetic patient."""

    subject: Subject  # the heart and body
    latent: tuple[float, ...]  # six standard normal variables that fields share, (6,)

    @cached_property
    def age(self) -> float:
        """Years from the mean, in standard deviations."""
        return (self.subject.body.age - 62.0) / 7.5

    @cached_property
    def male(self) -> float:
        """1 for men, 0 for women."""
        return float(self.subject.body.male)

    @cached_property
    def fat(self) -> float:
        """Body mass index from the mean, in standard deviations."""
        return (self.subject.body.bmi - 26.6) / 4.2

    @cached_property
    def pump(self) -> float:
        """LV ejection fraction from the mean, in standard deviations."""
        volumes = self.subject.volumes
        return _bounded((1 - volumes.lvesv / volumes.lvedv - 0.59) / 0.055)

    @cached_property
    def load(self) -> float:
        """Ratio of LV mass to volume from the mean, in standard deviations; it grows with pressure."""
        volumes = self.subject.volumes
        return _bounded(float(np.log(volumes.lvm / volumes.lvedv / 0.615)) / 0.13)

    @cached_property
    def dilated(self) -> float:
        """LV volume over body surface from the mean, in standard deviations."""
        return _bounded(float(np.log(self.subject.volumes.lvedv / self.subject.body.bsa / 74.0)) / 0.16)

    @cached_property
    def atrium(self) -> float:
        """LA volume over body surface from the mean, in standard deviations."""
        return _bounded(float(np.log(self.subject.volumes.lavmax / self.subject.body.bsa / 35.0)) / 0.27)

    @cached_property
    def metabolic(self) -> float:
        """Metabolic risk of diabetes, in standard deviations."""
        return 0.55 * self.fat + 0.15 * self.age + 0.8 * self.latent[0]

    @cached_property
    def lifestyle(self) -> float:
        """Unhealthiness of the lifestyle, in standard deviations."""
        return 0.2 * self.fat + 0.97 * self.latent[1]


def draw_patient(rng: np.random.Generator, subject: Subject) -> Patient:
    """Draw the patient around a heart."""
    return Patient(subject, tuple(rng.normal(size=6).tolist()))


def patient_row(rng: np.random.Generator, patient: Patient) -> Row:
    """Return the fields of one patient, coded as in UK Biobank; empty where they do not apply."""
    pressure, treated = _pressure(rng, patient), _treated(rng, patient)
    values = _build(rng, patient) | pressure | _habits(rng, patient) | treated
    values |= _fats(rng, patient, bool(treated["Cholesterol medication"])) | _blood(rng, patient, treated)
    values |= _electrocardiogram(rng, patient)
    return values | _diagnoses(rng, patient, float(pressure["Systolic pressure (mmHg)"]))


def _bounded(value: float) -> float:
    return float(np.clip(value, -FURTHEST, FURTHEST))


def _happens(rng: np.random.Generator, logit: float) -> int:
    """Return 1 with the probability 1 / (1 + exp(-logit)), else 0."""
    return int(rng.random() < 1 / (1 + np.exp(-logit)))


def _build(rng: np.random.Generator, p: Patient) -> Row:
    """Return measures of the body and its functions."""
    n, height = rng.normal(size=6), p.subject.body.height
    return {
        "Waist (cm)": (94.0 if p.male else 83.0) + 10.5 * p.fat + 4.0 * n[0],
        "Hip (cm)": 101.0 + 7.5 * p.fat + 3.0 * n[1],
        "Body fat (%)": float(np.clip((25.0 if p.male else 35.5) + 5.0 * p.fat + 3.0 * n[2], 6.0, 60.0)),
        "Grip strength (kg)": float(max(6.0, (40.0 if p.male else 24.0) - 2.5 * p.age + 6.0 * n[3])),
        "FEV1 (L)": float(max(0.6, 2.6 + 0.6 * p.male + 0.035 * (height - 169) - 0.22 * p.age + 0.4 * n[4])),
        "Arterial stiffness": float(max(3.0, 9.4 + 0.6 * p.age + 0.5 * p.male + 0.5 * p.load + 2.3 * n[5])),
    }


def _pressure(rng: np.random.Generator, p: Patient) -> Row:
    """Return blood pressure, which has thickened the heart's wall."""
    systolic = 138.0 + 5.5 * p.age + 8.0 * p.load + 2.5 * p.fat + 3.0 * p.male + 10.0 * p.latent[2]
    systolic = float(np.clip(systolic + 5.0 * rng.normal(), 88.0, 225.0))
    diastolic = 79.0 + 0.33 * (systolic - 138.0) - 2.5 * p.age + 1.5 * p.fat + 6.0 * rng.normal()
    return {
        "Systolic pressure (mmHg)": systolic,
        "Diastolic pressure (mmHg)": float(np.clip(diastolic, 45.0, min(130.0, systolic - 15.0))),
    }


def _habits(rng: np.random.Generator, p: Patient) -> Row:
    """Return answers of questionnaires and activity of wristbands, coded as in UK Biobank."""
    n, lifestyle = rng.normal(size=7), p.lifestyle
    smoking = int(np.searchsorted([0.35, 1.55], lifestyle + 0.6 * n[0]))  # never, previous, current
    return {
        "Smoking status": smoking,
        "Pack years": float(np.exp(2.7 + 0.3 * lifestyle + 0.7 * n[1])) if smoking else "",
        "Alcohol frequency": int(np.clip(np.round(2.9 + 1.4 * n[2] - 0.3 * p.male), 1, 6)),
        "Deprivation index": float(np.clip(-1.9 + 0.6 * lifestyle + 2.5 * n[3], -6.3, 10.5)),
        "Activity (MET min/week)": float(np.exp(7.5 - 0.35 * lifestyle + 0.9 * n[4])),
        "Accelerometer (mg)": float(max(6.0, 28.0 - 3.2 * lifestyle - 2.6 * p.age + 0.8 * p.pump + 6.5 * n[5])),
        "Sleep (h)": int(np.clip(np.round(7.1 - 0.1 * lifestyle + n[6]), 3, 12)),
        "Overall health": int(np.searchsorted([-0.9, 0.9, 2.1], 0.5 * lifestyle - 0.35 * p.pump + rng.normal())) + 1,
        "Education": int(rng.choice([1, 2, 3, 4, 5, 6], p=[0.47, 0.13, 0.19, 0.04, 0.05, 0.12])),
        "Family history of heart disease": _happens(rng, -0.3 + 0.2 * p.latent[3]),
    }


def _treated(rng: np.random.Generator, p: Patient) -> Row:
    """Return diabetes and medication."""
    diabetes = _happens(rng, -3.9 + 1.5 * p.metabolic)
    return {
        "Diabetes": diabetes,
        "Cholesterol medication": _happens(rng, -1.3 + 0.7 * p.age + 0.5 * p.metabolic + 1.2 * diabetes),
        "Blood pressure medication": _happens(rng, -1.6 + 0.6 * p.age + 0.8 * p.latent[2] + 0.6 * p.load),
        "Insulin": _happens(rng, -1.8) if diabetes else 0,
    }


def _fats(rng: np.random.Generator, p: Patient, treated: bool) -> Row:
    """Return the lipids of the blood, mmol/L and g/L."""
    n = rng.normal(size=4)
    low = max(0.8, (3.6 + 0.8 * (0.6 * p.latent[4] + 0.8 * n[0])) * (0.68 if treated else 1.0))
    high = max(0.5, 1.62 - 0.32 * p.male - 0.14 * p.metabolic + 0.3 * n[1])
    triglycerides = float(np.exp(0.45 + 0.28 * p.metabolic + 0.1 * p.male + 0.4 * n[2]))
    return {
        "Cholesterol (mmol/L)": low + high + 0.35 * triglycerides,
        "LDL (mmol/L)": low,
        "HDL (mmol/L)": high,
        "Triglycerides (mmol/L)": triglycerides,
        "Apolipoprotein B (g/L)": 0.28 + 0.2 * low + 0.04 * triglycerides,
        "Lipoprotein(a) (nmol/L)": float(np.exp(3.0 + 1.25 * n[3])),
    }


def _blood(rng: np.random.Generator, p: Patient, treated: Row) -> Row:
    """Return the other laboratory values."""
    n = rng.normal(size=9)
    kidney = 0.4 * p.age - 0.15 * p.pump + 0.9 * p.latent[5]
    return {
        "HbA1c (mmol/mol)": float(35.5 + 2.2 * p.metabolic + 14.0 * int(treated["Diabetes"]) + 2.5 * n[0]),
        "Glucose (mmol/L)": float(max(3.0, 5.0 + 0.25 * p.metabolic + 2.2 * int(treated["Diabetes"]) + 0.5 * n[1])),
        "CRP (mg/L)": float(np.exp(0.3 + 0.45 * p.fat + 0.15 * p.lifestyle + 0.95 * n[2])),
        "Creatinine (umol/L)": float(max(30.0, (81.0 if p.male else 64.0) * np.exp(0.11 * kidney + 0.1 * n[3]))),
        "Cystatin C (mg/L)": float(0.9 * np.exp(0.13 * kidney + 0.05 * p.fat + 0.08 * n[4])),
        "Urate (umol/L)": float(max(90.0, 270.0 + 80.0 * p.male + 22.0 * p.metabolic + 55.0 * n[5])),
        "Haemoglobin (g/dL)": float(13.5 + 1.5 * p.male + 0.9 * n[6]),
        "White cells (10^9/L)": float(max(2.0, 6.7 * np.exp(0.08 * p.lifestyle + 0.22 * n[7]))),
        "Platelets (10^9/L)": float(max(80.0, 262.0 - 24.0 * p.male + 52.0 * n[8])),
    }


def _electrocardiogram(rng: np.random.Generator, p: Patient) -> Row:
    """Return the intervals of the ECG, ms; a fibrillating atrium has neither P nor PQ."""
    n, fibrillates = rng.normal(size=4), p.subject.shape.kick == 0
    qrs = 90.0 + 7.0 * p.male + 4.0 * p.dilated + 3.5 * p.load - 4.0 * min(p.pump, 0.0) + 7.0 * n[0]
    qt = 425.0 - 2.0 * (p.subject.body.heart_rate - 61.0) - 8.0 * p.male + 0.5 * (qrs - 92.0) + 16.0 * n[1]
    return {
        "P duration (ms)": "" if fibrillates else 104.0 + 7.0 * p.atrium + 9.0 * n[2],
        "PQ interval (ms)": "" if fibrillates else 164.0 + 9.0 * p.atrium + 4.0 * p.age + 18.0 * n[3],
        "QRS duration (ms)": float(max(62.0, qrs)),
        "QT interval (ms)": float(qt),
    }


def _diagnoses(rng: np.random.Generator, p: Patient, systolic: float) -> Row:
    """Return diagnoses before imaging, most but not all of which the heart shows."""
    pathology, shape = p.subject.pathology, p.subject.shape
    ischaemic = 4.2 if shape.territory else -4.2 + 0.5 * p.age + 0.5 * p.male + 0.4 * p.lifestyle
    muscle = 1.0 if pathology in ("asymmetric_hypertrophy", "dilated") else -6.0
    atrial = 2.5 if shape.kick == 0 else -3.8 + 0.9 * p.atrium + 0.5 * p.age
    weak = -4.0 - 1.1 * p.pump + 0.6 * p.atrium + 0.5 * p.dilated + 0.3 * p.load
    return {
        "Hypertension": _happens(rng, -0.9 + 0.09 * (systolic - 138.0) + 0.9 * p.load),
        "Myocardial infarction": _happens(rng, ischaemic),
        "Cardiomyopathy": _happens(rng, muscle),
        "Atrial fibrillation": _happens(rng, atrial),
        "Heart failure": _happens(rng, weak),
        "Stroke": _happens(rng, -4.1 + 0.6 * p.age + 0.02 * (systolic - 138.0)),
    }
