# ---
# jupyter:
#   jupytext: {formats: "py:percent"}
# ---

# %% [markdown]
# # What a model sees when planes are missing
# The unit is the plane: one that does not exist has no tokens. The network here is drawn at random, so its vectors mean
# nothing; put a checkpoint of yours in its place: `model = cmr_ssl.load("runs/pretraining")`.

# %%
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

import cmr_ssl
from cmr_ssl.masking import RandomMasking
from cmr_ssl.models import AnatomicalPositions, CrossAttentionDecoder
from cmr_ssl.tasks import PretrainingTask

encoder = cmr_ssl.Encoder(AnatomicalPositions(), patch=(16, 8, 8), width=64, depth=2, heads=2)
task = PretrainingTask(encoder, partial(CrossAttentionDecoder, width=64, depth=1, heads=2), [RandomMasking()])
views = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 12}
model = cmr_ssl.Model.of(task, views, cmr_ssl.Preparation(size=64, spacing_mm=3.6538, frames=16))

# %% [markdown]
# A study as the network gets it: planes in a frame of the heart, whose origin is its middle, in mm.

# %%
study = cmr_ssl.phantom(seed=7, subject=3, preset="small")
heart = model.prepare(study)
images, affine = heart.batch.images[0], heart.batch.affine[0]
figure, axes = plt.subplots(2, 4, figsize=(10, 5))
for axis, image, place in zip(axes.flat, images[:, 0], affine, strict=False):
    middle = place @ place.new_tensor([32.0, 32.0, 0.0, 1.0])
    axis.imshow(image.numpy(), cmap="gray")
    axis.set_title(f"{middle[2]:.0f} mm along the axis")
    axis.axis("off")

# %% [markdown]
# Take views away, and compare vectors. `python -m cmr_ssl robustness` does it for a cohort, with flawed planes, too.

# %%
whole = model.embed(study).class_token
for kept in (["sa"], ["la_2ch", "la_3ch", "la_4ch"], ["la_4ch"]):
    part = study.copy()
    part.series = [series for series in part.series if series.view in kept]
    vector = model.embed(part).class_token
    alike = float(whole @ vector / (np.linalg.norm(whole) * np.linalg.norm(vector)))
    print(f"{', '.join(kept):>24}: cosine similarity {alike:.3f}")
