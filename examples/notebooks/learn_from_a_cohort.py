# ---
# jupyter:
#   jupytext: {formats: "py:percent"}
# ---

# %% [markdown]
# # Learn from a cohort
# Everything from files to vectors, as small as it gets: eight synthetic hearts and two short epochs. It shows how the
# parts fit together; so little training teaches nothing. `python -m cmr_ssl demo` takes minutes and does.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import cmr_ssl
from cmr_ssl.cli import main


def command(*words: object) -> None:
    """Run a command: `command("fit", ...)` is `python -m cmr_ssl fit ...`."""
    assert main([str(word) for word in words]) == 0


here = Path("learn_from_a_cohort")
command("phantom", "--out", here / "cohort", "--subjects", 8, "--seed", 7, "--preset", "small")

# %% [markdown]
# The heart is found, every plane cropped around it and resampled; what is wrong with a subject is in a table.

# %%
command("prepare", "--source", here / "cohort", "--out", here / "cache", "--preparation", "small")
pd.read_parquet(here / "cache" / "cohort.parquet")[["subject", "status", "reasons", "planes"]].head()

# %% [markdown]
# Pretraining hides most tokens and reconstructs them. No label is used.

# %%
split = ["--data.fractions", [0.6, 0.2, 0.2]]
run = [
    "--trainer.default_root_dir",
    here / "run",
    "--trainer.accelerator",
    "cpu",
    "--trainer.enable_progress_bar",
    "false",
]
command("fit", "--config", "smoke", "--data.cache", here / "cache", *split, *run)

# %% [markdown]
# One vector a heart. Hearts have most in common, so look at what is left without their mean.

# %%
model = cmr_ssl.load(here / "run", "cpu")
studies = [cmr_ssl.read(folder) for folder in sorted((here / "cohort").iterdir()) if folder.is_dir()]
vectors = np.stack([model.embed(study).class_token for study in studies])
volume = [cmr_ssl.measure(study).values["LVEDV (mL)"] for study in studies]

across, *_ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
plt.scatter(across[:, 0], across[:, 1], c=volume)
plt.colorbar(label="LVEDV (mL)")
plt.title("two main directions of the embeddings")

# %% [markdown]
# With a real checkpoint, go on with a task: `fit --config phenotype --model.encoder_checkpoint RUN`.
