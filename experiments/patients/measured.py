"""The measurements: retrieval, phenotypes and diagnoses from few labels, and risk; numbers of each test subject."""

from functools import cached_property

import numpy as np
import torch
import yaml
from jsonargparse import ArgumentParser
from torch import Tensor

from cmr_ssl.cohort.phenotypes import read_phenotypes
from cmr_ssl.shipped import shipped
from cmr_ssl.tables.field_reader import read_fields
from cmr_ssl.tables.fields import Fields
from cmr_ssl.tasks.aligned import aligned_with
from experiments.features import load
from experiments.patients.contrastive import likeness, trained, untrained
from experiments.patients.dual import heads, kernel_of, standardised
from experiments.patients.features import MASKED, SCRATCH, people_of
from experiments.patients.folds import drawn, folds
from experiments.patients.retrieval import found, with_gaps
from experiments.patients.settings import LEARNT, TESTED, Settings
from experiments.patients.solved import Aligned, columns, fits, solve
from experiments.statistics import Array

PHENOTYPES = ("LVEDV (mL)", "LVESV (mL)", "LVEF (%)", "LVM (g)", "RVEF (%)", "LAV max (mL)")
DIAGNOSES = ("Hypertension", "Atrial fibrillation", "Heart failure", "Myocardial infarction", "Cardiomyopathy")
ALIGNED, SPACE = "aligned", "aligned space"  # arms beside the encoders
SHARE = 0.3  # of the kernel of the aligned arm that is the aligned space's
TOLD = 0.05  # standard deviations by which an expected field must differ between subjects to be of use


def shipped_fields() -> Fields:
    """Return the fields of configs/alignment.yaml, without its targets."""
    path = shipped("fields/synthetic")
    assert path is not None  # it comes with the package
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("fields", type=Fields)
    described = {"fields": yaml.safe_load(path.read_text())}
    fields, _ = aligned_with(parser.instantiate(parser.parse_object(described)).fields, [])
    return fields


class Everybody:
    """Both cohorts, those that are learnt from first."""

    def __init__(self, settings: Settings) -> None:
        """Read who they are."""
        self.settings = settings
        self.people = {name: people_of(settings, name) for name in (LEARNT, TESTED)}
        counts = [len(subjects) for subjects in self.people.values()]
        self.learnt, self.tested = torch.arange(sum(counts)).split(counts)

    @cached_property
    def kernel(self) -> Tensor:
        """Of what the masked encoder says of them, (M, M)."""
        parts = [load(self.settings.features(name, MASKED)).float() for name in self.people]
        return kernel_of(standardised(torch.cat(parts), self.learnt))

    @cached_property
    def scratch(self) -> Tensor:
        """Of what the encoder says that was not trained, of those that are labelled or tested; else 0, (M, M)."""
        seen = drawn(self.settings, len(self.learnt))
        rows = torch.cat([seen, self.tested])
        parts = [load(self.settings.features(name, SCRATCH)).float() for name in self.people]
        kernel = torch.zeros(self.kernel.shape, dtype=torch.float64)
        kernel[torch.meshgrid(rows, rows, indexing="ij")] = kernel_of(
            standardised(torch.cat(parts), torch.arange(len(seen)))
        )
        return kernel

    @cached_property
    def fields(self) -> Fields:
        """Of the alignment."""
        return shipped_fields()

    @cached_property
    def values(self) -> Tensor:
        """What their tables say, (M, F), NaN where unknown."""
        read = [read_fields(self.settings.cohort(name).table, self.fields, self.people[name]) for name in self.people]
        return torch.from_numpy(np.concatenate(read).copy())

    def phenotypes(self, names: tuple[str, ...]) -> Tensor:
        """Return numbers of their tables, (M, K)."""
        read = [read_phenotypes(self.settings.cohort(name).table, names, self.people[name]) for name in self.people]
        return torch.from_numpy(np.concatenate(read)).double()


def space_kernel(aligned: Aligned, learnt: Tensor) -> Tensor:
    """Return the kernel of the fields that images let expect, (M, M)."""
    expected = aligned.expected[:, aligned.expected[learnt].std(dim=0) > TOLD]
    return kernel_of(standardised(expected, learnt))


def alignment(everybody: Everybody, fold: int) -> dict[str, Array]:
    """Return what one alignment is worth: retrieval (S, 2) by what was shown, and heads (D, S, K) by arm."""
    learnt, labelled = folds(everybody.settings, len(everybody.learnt))[fold]
    fields, values, tested = everybody.fields, everybody.values, everybody.tested
    tables = columns(fields, values)
    aligned = solve(everybody.kernel, learnt, tables)
    gaps = columns(fields, with_gaps(values, 0.5, fold))
    measured = {f"found, {name}": one for name, one in retrieved(everybody, aligned, learnt, tables, gaps).items()}
    measured |= contrasted(everybody, learnt, fold)
    targets = everybody.phenotypes((*PHENOTYPES, *DIAGNOSES))
    space = space_kernel(aligned, learnt)
    kernels = {
        ALIGNED: (1 - SHARE) * everybody.kernel + SHARE * space,
        SPACE: space,
        MASKED: everybody.kernel,
        SCRATCH: everybody.scratch,
    }
    for arm, kernel in kernels.items():
        told = [heads(kernel, some, targets[some], tested).others.numpy() for some in labelled]
        measured[f"told, {arm}"] = np.stack(told)
    return measured


def retrieved(everybody: Everybody, aligned: Aligned, learnt: Tensor, tables: Tensor, gaps: Tensor) -> dict[str, Array]:
    """Return how probably each test subject is found, (S, 2), by what was shown."""
    tested = everybody.tested
    images, whole = aligned.expected[tested], aligned.tables[tested]
    halved = aligned.tables.masked_fill(gaps.isnan(), torch.nan)[tested]
    poorly = solve(everybody.kernel, learnt, tables, gaps)
    return {
        "whole table": found(fits(aligned, images, whole)),
        "learnt from halved tables": found(fits(poorly, poorly.expected[tested], poorly.tables[tested])),
        "half of the fields missing": found(fits(aligned, images, halved)),
        "another patient's table": found(fits(aligned, images, whole.roll(1, dims=0))),
    }


def contrasted(everybody: Everybody, learnt: Tensor, seed: int) -> dict[str, Array]:
    """Return how probably each test subject is found, (S, 2), by heads that configs/alignment.yaml trains."""
    settings, tested = everybody.settings, everybody.tested
    features = torch.cat([load(settings.features(name, MASKED)).float() for name in everybody.people])
    subjects = [everybody.people[LEARNT][index] for index in learnt.tolist()]
    task = untrained(settings, everybody.fields, seed)
    trained(task, subjects, features[learnt], everybody.values[learnt], seed)
    values = everybody.values[tested]
    shown = {"whole table": values, "half of the fields missing": with_gaps(everybody.values, 0.5, seed)[tested]}
    return {f"found, {name}, contrastive": found(likeness(task, features[tested], one)) for name, one in shown.items()}


def truth(everybody: Everybody) -> Array:
    """Return the true phenotypes and diagnoses of the test subjects, (S, K)."""
    return np.asarray(everybody.phenotypes((*PHENOTYPES, *DIAGNOSES))[everybody.tested].numpy())
