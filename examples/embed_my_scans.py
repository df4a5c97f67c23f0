"""Embed scans: vectors that stand for each heart, and which hearts are most alike.

python examples/embed_my_scans.py                                            # synthetic hearts, untrained network
python examples/embed_my_scans.py --model runs/pretraining --scans NIFTI_DIR --out embeddings.npz
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np

import cmr_ssl
from cmr_ssl.masking import RandomMasking
from cmr_ssl.models import AnatomicalPositions, CrossAttentionDecoder
from cmr_ssl.tasks import PretrainingTask


def untrained() -> cmr_ssl.Model:
    """Return a tiny pretraining that has learnt nothing, so that the example runs without a checkpoint."""
    encoder = cmr_ssl.Encoder(AnatomicalPositions(), patch=(4, 8, 8), width=64, depth=2, heads=4)
    decoder = partial(CrossAttentionDecoder, width=64, depth=1, heads=4)
    task = PretrainingTask(encoder, decoder, [RandomMasking()])
    views = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 12}
    return cmr_ssl.Model.of(task, views, cmr_ssl.Preparation(size=64, spacing_mm=3.6538, frames=16))


def main() -> None:
    """Embed studies and compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="folder of a run, or a checkpoint of any task with an encoder")
    parser.add_argument("--scans", type=Path, help="folder with a sub-folder a subject")
    parser.add_argument("--out", type=Path, help="file for the embeddings, .npz")
    options = parser.parse_args()
    model = cmr_ssl.load(options.model) if options.model else untrained()
    if options.scans:
        studies = (cmr_ssl.read(folder) for folder in sorted(options.scans.iterdir()) if folder.is_dir())
    else:
        studies = (cmr_ssl.phantom(seed=7, subject=subject, preset="small") for subject in (1, 2, 3))

    vectors = {}
    for study in studies:  # one after the other: only one is ever in memory
        print(study)
        embedding = model.embed(study)
        vectors[embedding.subject] = embedding.class_token if embedding.whole_heart is None else embedding.whole_heart

    # all hearts have most in common: compare what is left when the mean heart is taken away
    matrix = np.stack(list(vectors.values()))
    matrix -= matrix.mean(axis=0)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True).clip(min=1e-9)
    print(f"\ncosine similarity of {', '.join(vectors)}:\n{(matrix @ matrix.T).round(2)}")
    if options.out:
        np.savez(options.out, **vectors)


if __name__ == "__main__":
    main()
