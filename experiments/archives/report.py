"""The report on synthetic archives: what was found of what went wrong, what was left out why, and what it took."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.files import save_text
from cmr_ssl.preparation.policy import read_rejected
from cmr_ssl.report.tables import markdown
from experiments.archives.run import Times, read_times
from experiments.archives.score import (
    HARMLESS,
    RENAMED,
    SPOILING,
    Score,
    read_faults,
    read_findings,
    same_images,
    scores,
    visits,
)
from experiments.machine import description

ENOUGH, FEW = 0.95, 0.01  # aimed at: recall at least, false alarms at most
REPORT = "archives.md"
REASONS = ("code", "severity", "decision", "rows", "visits")


def write_report(folder: Path, stages: Sequence[str], out: Path) -> None:
    """Write archives.md from a way whose stages have all ended."""
    faults, findings, everybody = read_faults(folder / "zips"), read_findings(folder), visits(folder / "zips")
    found, same = scores(faults, findings, everybody), same_images(folder, faults)
    times = {stage: read_times(folder, stage) for stage in stages if stage != "truth"}
    sections = {
        "What was found of what went wrong": [found_text(found)],
        "What leaves no trace to find": [harmless_text(faults, same)],
        "Bit for bit": [identity_text(same)],
        "Who was left out, and why": [left_out_text(folder, findings, everybody)],
        "What it took": [times_text(times, len(everybody))],
    }
    text = [head(folder, everybody, faults)]
    text += [f"## {title}\n\n" + "\n\n".join(parts) for title, parts in sections.items()]
    save_text(out / REPORT, "\n\n".join(text) + "\n")


def head(folder: Path, everybody: set[str], faults: pd.DataFrame) -> str:
    """Return the title and what was done."""
    subjects = len({subject.partition("_")[0] for subject in everybody})
    torn = int((faults["fault"] == "truncated_archive").sum())
    facts = [
        "# UK Biobank's way, on synthetic archives with known faults",
        "Written by `python -m experiments.archives`. " + " ".join(description()),
        f"{subjects} subjects with {len(everybody)} visits (small preset, default faults) went through `import-ukb`, "
        "`prepare`, `qc`, `cohort` and a short pretraining. The findings tables are compared with the generator's own "
        "record. The synthetic faults are drawn by us: this says whether the tools agree with each other, and nothing "
        f"about how real faults look. {torn} archives were truncated; the other faults of their visits do not count.",
        pretraining(folder),
    ]
    return "\n\n".join(facts)


def pretraining(folder: Path) -> str:
    """Return a sentence about how the pretraining ended and what it left out."""
    said = [line for line in (folder / "fit.log").read_text(errors="replace").splitlines() if "Measured last" in line]
    rejected = read_rejected(folder / "qc" / "findings.csv")
    places = sum(map(len, rejected.places.values()))
    return (
        f"The pretraining (two short epochs, to show that it runs) left out {len(rejected.subjects)} visits and "
        f"{places} slices or views of others. {said[-1] if said else 'It did not end'}."
    )


def found_text(found: Iterable[Score]) -> str:
    """Return a table of recall and false alarms, a row a fault."""
    rows = [
        (
            score.fault,
            ", ".join(score.codes),
            share(score.found, score.struck, ENOUGH, True),
            share(score.alarms, score.innocent, FEW, False),
        )
        for score in found
    ]
    aims = f"Aimed at: recall >= {ENOUGH:.0%}, false alarms <= {FEW:.0%}, by visits. Bold is what misses the aim."
    return f"{aims}\n\n" + markdown(("fault", "found by", "recall", "false alarms"), rows)


def share(count: int, of: int, aim: float, least: bool) -> str:
    """Return a share with its counts, bold where it misses the aim."""
    if not of:
        return "none struck"
    text = f"{count / of:.1%} ({count} of {of})"
    missed = count / of < aim if least else count / of > aim
    return f"**{text}**" if missed else text


def harmless_text(faults: pd.DataFrame, same: pd.DataFrame) -> str:
    """Return a table of faults of archives that must change no image."""
    rows = []
    for fault in HARMLESS:
        views = unspoilt(same[same["faults"].map(lambda struck, fault=fault: fault in struck)])
        visits_struck = faults[faults["fault"] == fault]["subject"].nunique()
        rows.append((fault, visits_struck, f"{int(views['same'].sum())} of {len(views)}"))
    return markdown(("fault", "visits struck", "views compared that are bit for bit the generator's"), rows)


def identity_text(same: pd.DataFrame) -> str:
    """Return sentences about views that must be, and views that cannot be as the generator wrote them."""
    clean = unspoilt(same)
    right = int(clean["same"].sum())
    lines = [
        f"Of {same['subject'].nunique()} subjects, {right} of {len(clean)} views whose archives lost nothing "
        f"({right / max(1, len(clean)):.1%}) have the very pixels of the generator's NIfTI, and its affine to 0.01 mm."
    ]
    wrong = clean[~clean["same"]]
    if len(wrong):
        listed = ", ".join(f"{row.subject} {row.view}" for row in wrong.itertuples())
        lines.append(f"Not so: {listed}.")
    return "\n\n".join(lines)


def unspoilt(same: pd.DataFrame) -> pd.DataFrame:
    """Return the views no fault of whose archives takes images away or exchanges names."""
    bad = {*SPOILING, *RENAMED}
    return same[same["faults"].map(bad.isdisjoint).astype(bool)]


def left_out_text(folder: Path, findings: pd.DataFrame, everybody: set[str]) -> str:
    """Return tables of visits and planes that do not come through, by the reason."""
    cohort = read_cohort(folder / "cache")
    imported = pd.read_csv(folder / "nifti" / "import.csv", dtype={"subject": str})
    gone = {*findings["subject"][findings["decision"] == "reject-subject"]}
    steps = [
        ("in the archives", len(everybody)),
        ("imported", int((imported["status"] != "rejected").sum())),
        ("prepared", int((cohort["status"] != "rejected").sum())),
        ("left by the policy", len(everybody - gone)),
    ]
    return markdown(("visits", "count"), steps) + "\n\n" + markdown(REASONS, counted(findings))


def counted(findings: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return what `REASONS` names of all that is rejected, the most frequent first."""
    groups = findings[findings["decision"] != "accept"].groupby([*REASONS[:3]])["subject"].agg(["size", "nunique"])
    return [*groups.reset_index().sort_values("size", ascending=False).itertuples(index=False, name=None)]


def times_text(times: dict[str, Times], count: int) -> str:
    """Return a table of what each stage took."""
    rows = []
    for stage, (cpu_s, wall_s) in times.items():
        told = [f"{cpu_s / count:.2f}", f"{wall_s / 60:.1f}"] if cpu_s and wall_s else ["it was cut", "it was cut"]
        rows.append((stage, *told))
    note = "CPU is user and system time of all processes of a stage; other work ran beside it, so minutes say little."
    return markdown(("stage", "CPU seconds a visit", "minutes"), rows) + f"\n\n{note}"
