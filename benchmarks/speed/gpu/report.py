"""The page of what a device was found to do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.speed.gpu.results import Found, read
from cmr_ssl.report.tables import markdown

COMPILED = "ours, compiled"
GOALS = {"training": ">= 50 %", "fine-tuning": ">= 35 %"}


def of(found: Sequence[Found], part: str) -> list[dict[str, Any]]:
    """Return the measurements of one part."""
    return [one.values for one in found if one.part == part]


def page(out: Path) -> str:
    """Return the page as Markdown."""
    found = read(out)
    facts = of(found, "facts")[0]
    return "\n\n".join(
        [
            f"# On a GPU: {facts['device']}",
            f"Written by `make gpu`. {facts['description']}",
            f"Products of 8192 x 8192 matrices of random numbers: {facts['bfloat16'] / 1e12:.0f} TFLOP/s in bfloat16, "
            f"{facts['float32'] / 1e12:.0f} in float32. A share below is of the former. A copy moves "
            f"{facts['copied'] / 1e12:.1f} TB/s, read and written.",
            *tests(of(found, "tests")),
            *(trained(found, facts["bfloat16"], part) for part in GOALS if of(found, part)),
            *spent(of(found, "kernels"), of(found, "training")),
            *loaded(of(found, "loader")),
            *served(of(found, "serving")),
            *pretrained(of(found, "pretraining")),
            *failed(of(found, "failed")),
        ]
    )


def tests(found: Sequence[dict[str, Any]]) -> list[str]:
    """Say how the tests on the device ended."""
    return [f"Tests that need a GPU (`tests/test_gpu.py`): {one['verdict']}." for one in found]


def trained(found: Sequence[Found], peak: float, part: str) -> str:
    """Return the table of one kind of training, each row beside the first one."""
    rows, first = [], of(found, part)[0]
    for one in of(found, part):
        speed = one["batch"] / one["seconds"]
        ratio = speed * first["seconds"] / first["batch"]
        rows.append(
            [
                one["what"],
                str(one["batch"]),
                f"{1e3 * one['seconds']:.1f}",
                f"{speed:.1f}",
                f"{ratio:.1f} x",
                f"{one['flops'] / 1e12:.2f}",
                f"{speed * one['flops'] / peak:.0%}",
                "" if one["memory"] is None else f"{one['memory'] / 1e9:.2f}",
            ]
        )
    share = f"share (aim {GOALS[part]})"
    head = ["what", "batch", "ms a step", "studies a second", "speed", "TFLOP a study", share, "GB"]
    return f"## {part.capitalize()}\n\n{markdown(head, rows)}"


def spent(found: Sequence[dict[str, Any]], paces: Sequence[dict[str, Any]]) -> list[str]:
    """Return the table of where a compiled step of pretraining goes, beside how long it takes when nobody looks."""
    kinds = {"products": "matrix products", "attention": "attention", "other": "all other kernels"}
    tables = []
    for one in found:
        steps = [1e3 * pace["seconds"] for pace in paces if (pace["what"], pace["batch"]) == (COMPILED, one["batch"])]
        if not steps:  # that part failed
            continue
        step = steps[-1]
        spent = {said: one[name] for name, said in kinds.items()}
        spent |= {"nothing runs": step - sum(spent.values()), "batches copied meanwhile": one["copies"]}
        rows = [[what, f"{ms:.1f}", f"{ms / step:.0%}"] for what, ms in spent.items()]
        title = f"## Where a compiled step of {one['batch']} studies goes\n\n{one['launched']:.0f} kernels a step."
        tables.append(f"{title}\n\n{markdown(['what', 'ms', 'of the step'], rows)}")
    return tables


def loaded(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return the table of what threads that read hand over."""
    if not found:
        return []
    rows = [[str(one["workers"]), str(one["batch"]), f"{one['speed']:.0f}"] for one in found]
    return [f"## Reading\n\n{markdown(['threads', 'batch', 'studies a second, pinned'], rows)}"]


def served(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return the table of single studies."""
    if not found:
        return []
    rows = [
        [one["what"], f"{1e3 * one['seconds']:.0f}", "" if one["memory"] is None else f"{one['memory'] / 1e9:.2f}"]
        for one in found
    ]
    return [f"## One study at a time\n\n14 planes of 50 frames, once read.\n\n{markdown(['what', 'ms', 'GB'], rows)}"]


def pretrained(found: Sequence[dict[str, Any]]) -> list[str]:
    """Say how long the longest pretraining was."""
    return [
        f"## Pretraining\n\n{one['seeds']} pretrainings side by side: {one['epochs']} epochs of {one['hearts']} "
        f"synthetic hearts each in {one['seconds']:.0f} s, compilation and a trial included; "
        f"{one['epoch_seconds']:.2f} s an epoch."
        for one in found
    ]


def failed(found: Sequence[dict[str, Any]]) -> list[str]:
    """Say what could not be measured."""
    return [f"**Not measured:** {one['what']} ({one['why']})." for one in found]
