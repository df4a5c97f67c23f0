"""Possible ranges of phenotypes: a number beyond them is a code, another unit or a mistake, never a measurement."""

# From that of a newborn to the largest ones published, with room. Real hearts drawn by hand have
# LVEDV 60 to 374 mL, LVEF 10 to 80 %, RVEF 2 to 86 % and LVM 55 to 272 g (58 adults, five groups).
CARDIAC = {
    "LVEDV (mL)": (5.0, 700.0),
    "LVESV (mL)": (1.0, 650.0),
    "LVEF (%)": (2.0, 92.0),
    "LVM (g)": (4.0, 420.0),
    "LVCO (L/min)": (0.1, 25.0),
    "RVEDV (mL)": (3.0, 700.0),
    "RVESV (mL)": (0.5, 650.0),
    "RVEF (%)": (1.0, 92.0),
    "LAV max (mL)": (1.0, 900.0),
    "LAEF (%)": (0.5, 95.0),
    "RAV max (mL)": (1.0, 900.0),
    "RAEF (%)": (0.5, 95.0),
}
# of a table; what follows from the others, and the person
POSSIBLE = CARDIAC | {
    "LVSV (mL)": (1.0, 400.0),
    "RVSV (mL)": (1.0, 400.0),
    "LAV min (mL)": (0.5, 850.0),
    "LASV (mL)": (0.5, 400.0),
    "RAV min (mL)": (0.5, 850.0),
    "RASV (mL)": (0.5, 400.0),
    "Sex": (0.0, 1.0),
    "Age": (0.0, 120.0),
    "Height (cm)": (30.0, 260.0),
    "Weight (kg)": (1.0, 400.0),
    "BMI (kg/m2)": (5.0, 150.0),
    "Heart rate (bpm)": (15.0, 250.0),
}
