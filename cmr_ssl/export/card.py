"""The card of a model: what it is, what it has seen, how well it did, and what it must not be used for."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

import cmr_ssl
from cmr_ssl.tasks.phenotype import PhenotypePrediction
from cmr_ssl.tasks.trained import Trained

MONITORED = re.compile(r"'monitor': '([^']+)'")  # in the name that Lightning gives a callback's state
SYNTHETIC = (
    "**Trained on synthetic hearts only: for tests of software, never for patients.** How wrong it is about real "
    "hearts nobody knows."
)
REAL = "Trained on data that its publisher must name here: cohort, number of subjects, consent, and who may use it."
RESEARCH = "Research software, not a medical device: not for diagnosis or treatment."


def card(kind: str, trained: Trained, content: Mapping[str, Any], fingerprint: str, licence: str) -> str:
    """Return the card as Markdown with the head that hubs read.

    Args:
        kind: class of the task.
        trained: the task and what it expects of its data.
        content: of the checkpoint.
        fingerprint: of the checkpoint.
        licence: of the weights.
    """
    head = ["---", f"license: {licence}", "library_name: cmr_ssl", "tags: [cardiac-mri, cine, medical-imaging]", "---"]
    parts = [
        "\n".join(head),
        f"# {kind} of cmr_ssl",
        f"{RESEARCH}\n\n{SYNTHETIC if trained.synthetic else REAL}",
        "## Use",
        "```python\nimport cmr_ssl\n\n"
        'model = cmr_ssl.load("THIS_FOLDER")\nstudy = cmr_ssl.read("NIFTI_DIR/SUBJECT")\n'
        f"{_example(trained)}\n```",
        "## What it is",
        _table(_facts(kind, trained, content, fingerprint)),
    ]
    return "\n\n".join(parts) + "\n"


def _example(trained: Trained) -> str:
    calls = {
        "predict": "model.predict(study)",
        "segment": "model.segment(study).volumes()",
        "embed": "model.embed(study)",
    }
    return next(calls[name] for name in ("predict", "segment", "embed") if name in trained.task.can)


def _facts(kind: str, trained: Trained, content: Mapping[str, Any], fingerprint: str) -> dict[str, str]:
    task, preparation = trained.task, trained.preparation
    size, spacing = preparation["size"], preparation["spacing_mm"]
    weights: Mapping[str, Tensor] = content["state_dict"]
    facts = {
        "task": kind,
        "weights": f"{sum(one.numel() for one in weights.values()) / 1e6:.1f} million",
        "planes": ", ".join(f"{count} {view}" for view, count in trained.views.items())
        + "; any of them may be missing",
        "input": f"{preparation['frames']} frames of {size} x {size} pixels, {spacing} mm each, prepared by cmr_ssl",
        "trained": f"{content['epoch'] + 1} epochs, {content['global_step']} steps"
        if "epoch" in content
        else "unknown",
        "validation": "; ".join(_scores(content)) or "not in the checkpoint",
        "made by": f"cmr_ssl {cmr_ssl.__version__}",
        "fingerprint of the checkpoint": fingerprint,
    }
    if isinstance(task, PhenotypePrediction):
        facts["predicts"] = ", ".join(task.objective.names(task.targets))
    return facts


def _scores(content: Mapping[str, Any]) -> list[str]:
    """Return what the checkpoint knows of its validation: the monitored measure and its best value."""
    scores = []
    for name, state in content.get("callbacks", {}).items():
        score = state.get("best_model_score") if isinstance(state, Mapping) else None
        monitored = MONITORED.search(name)
        if score is not None and monitored:
            scores.append(f"{monitored[1]} {float(score):.4g}")
    return scores


def _table(facts: dict[str, str]) -> str:
    rows = [f"| {name} | {fact} |" for name, fact in facts.items()]
    return "\n".join(["| | |", "|---|---|", *rows])
