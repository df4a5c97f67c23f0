# ---
# jupyter:
#   jupytext: {formats: "py:percent"}
# ---

# %% [markdown]
# # Look at a study
# A synthetic heart stands for a scan: `cmr_ssl.read("NIFTI_DIR/SUBJECT")` returns the same kind of object.

# %%
import matplotlib.pyplot as plt
import numpy as np

import cmr_ssl

study = cmr_ssl.phantom(seed=7, subject=3, preset="small")
study

# %% [markdown]
# Views, shapes and what is wrong with the files, if anything, are in one line. The planes, with their labels:

# %%
cmr_ssl.plot(study)

# %% [markdown]
# Volumes over the beat, from the label maps, in mL. Whatever cannot be measured is NaN, and `reasons` says why.

# %%
measured = cmr_ssl.measure(study)
for name, curve in measured.curves.items():
    plt.plot(np.arange(len(curve)) * study.times_ms["sa"][1], curve, label=name)
plt.xlabel("time (ms)")
plt.ylabel("volume (mL)")
plt.legend()
print({name: round(value, 1) for name, value in measured.values.items() if np.isfinite(value)})

# %% [markdown]
# Had nobody labelled the basal half: the ejection fraction is empty now, with the reason, and not wrong.

# %%
cut = study.copy()
stack = next(series for series in cut.series if series.view == "sa")
stack.labels[:, :, : stack.labels.shape[2] // 2] = 255  # nobody drew these
incomplete = cmr_ssl.measure(cut)
print(incomplete.values["LVEF (%)"], "-", incomplete.reasons["LVEF (%)"])
