"""Missing values of patients as in UK Biobank: no sample, no device, no answer."""

import numpy as np

Row = dict[str, float | int | str]

BLOOD = (
    "Cholesterol (mmol/L)", "LDL (mmol/L)", "HDL (mmol/L)", "Triglycerides (mmol/L)", "Apolipoprotein B (g/L)",
    "Lipoprotein(a) (nmol/L)", "HbA1c (mmol/mol)", "Glucose (mmol/L)", "CRP (mg/L)", "Creatinine (umol/L)",
    "Cystatin C (mg/L)", "Urate (umol/L)",
)  # fmt: skip
ELECTROCARDIOGRAM = ("P duration (ms)", "PQ interval (ms)", "QRS duration (ms)", "QT interval (ms)")
CELLS = ("Haemoglobin (g/dL)", "White cells (10^9/L)", "Platelets (10^9/L)")
# fields that are missing together, and the rate
TOGETHER: tuple[tuple[tuple[str, ...], float], ...] = (
    (BLOOD, 0.06),
    (CELLS, 0.045),
    (ELECTROCARDIOGRAM, 0.14),
    (("HDL (mmol/L)", "Glucose (mmol/L)"), 0.08),  # from another tube
    (("Accelerometer (mg)",), 0.57),  # worn by some only
    (("FEV1 (L)",), 0.25),
    (("Arterial stiffness",), 0.3),
    (("Pack years",), 0.15),
    (("Activity (MET min/week)",), 0.19),
    (("Systolic pressure (mmHg)", "Diastolic pressure (mmHg)"), 0.07),
    (("Waist (cm)", "Hip (cm)"), 0.01),
    (("Body fat (%)",), 0.03),
    (("Grip strength (kg)",), 0.02),
)
# codes in place of an answer (does not know, prefers not to say), and their rates
CODES: dict[str, dict[int, float]] = {
    "Smoking status": {-3: 0.005},
    "Alcohol frequency": {-3: 0.002},
    "Sleep (h)": {-1: 0.006, -3: 0.002},
    "Overall health": {-1: 0.004, -3: 0.002},
    "Education": {-3: 0.012},
    "Diabetes": {-1: 0.003, -3: 0.001},
    "Family history of heart disease": {-1: 0.05, -3: 0.004},
}
DETECTABLE = (3.8, 189.0)  # nmol/L of lipoprotein(a); values outside are not reported


def withhold(rng: np.random.Generator, values: Row) -> Row:
    """Return the fields of a patient with empty cells and codes for missing values."""
    recorded = dict(values)
    least, most = DETECTABLE
    if not least <= float(values["Lipoprotein(a) (nmol/L)"]) <= most:
        recorded["Lipoprotein(a) (nmol/L)"] = ""
    for names, rate in TOGETHER:
        if rng.random() < rate:
            recorded |= dict.fromkeys(names, "")
    for name, codes in CODES.items():
        draw = rng.random()
        for code, rate in codes.items():
            if 0 <= draw < rate:
                recorded[name] = code
            draw -= rate
    return recorded
