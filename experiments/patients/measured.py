"""The measurements: retrieval, and phenotypes and diagnoses from few labels; numbers of each test subject."""

from functools import cached_property

import numpy as np
import torch
import yaml
from jsonargparse import ArgumentParser
from torch import Tensor

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.cohort.phenotypes import read_phenotypes
from cmr_ssl.lengths import are_sizes, as_lengths, as_values
from cmr_ssl.models import Encoder
from cmr_ssl.models.expected_table import ExpectedTable
from cmr_ssl.shipped import shipped
from cmr_ssl.tables.expectation import columns_of
from cmr_ssl.tables.field_reader import read_fields
from cmr_ssl.tables.fields import Fields
from cmr_ssl.tasks.aligned import aligned_with
from experiments.features import load
from experiments.patients.features import MASKED, SCRATCH, people_of
from experiments.patients.folds import drawn, folds
from experiments.patients.heads import Features, beside, solved, told
from experiments.patients.retrieval import found, with_gaps
from experiments.patients.settings import LEARNT, TESTED, Settings
from experiments.statistics import Array

PHENOTYPES = ("LVEDV (mL)", "LVESV (mL)", "LVEF (%)", "LVM (g)", "RVEF (%)", "LAV max (mL)")
DIAGNOSES = ("Hypertension", "Atrial fibrillation", "Heart failure", "Myocardial infarction", "Cardiomyopathy")
ALIGNED, ALONE = "aligned", "expected table alone"  # arms beside the encoders
SHARE = 0.3  # of the kernel that the expected table makes, unless `fit` is told otherwise


def shipped_fields(name: str) -> Fields:
    """Return the fields of ``configs/fields``, without their targets."""
    path = shipped(name, "fields")
    assert path is not None  # it comes with the package
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("fields", type=Fields)
    described = {"fields": yaml.safe_load(path.read_text())}
    fields, _ = aligned_with(parser.instantiate(parser.parse_object(described)).fields, [])
    return fields


class Everybody:
    """Both cohorts, M subjects, those that are learnt from first."""

    def __init__(self, settings: Settings) -> None:
        """Read who they are."""
        self.settings = settings
        self.people = {name: people_of(settings, name) for name in (LEARNT, TESTED)}
        counts = [len(subjects) for subjects in self.people.values()]
        self.learnt, self.tested = torch.arange(sum(counts)).split(counts)

    @cached_property
    def encoder(self) -> Encoder:
        """That was pretrained."""
        return load_encoder(self.settings.pretrained).encoder

    @cached_property
    def masked(self) -> Tensor:
        """What the pretrained encoder says of them, (M, F)."""
        return torch.cat([load(self.settings.features(name, MASKED)).float() for name in self.people])

    @cached_property
    def scratch(self) -> Tensor:
        """What an encoder says that was not trained, of those that are labelled or tested; of others 0, (M, F)."""
        rows = torch.cat([drawn(self.settings, len(self.learnt)), self.tested])
        features = torch.zeros(self.masked.shape)
        features[rows] = torch.cat([load(self.settings.features(name, SCRATCH)).float() for name in self.people])
        return features

    def fields(self, name: str) -> Tensor:
        """Return the values of shipped fields, (M, fields), NaN where unknown."""
        tables = ((self.settings.cohort(cohort).table, subjects) for cohort, subjects in self.people.items())
        return torch.from_numpy(
            np.concatenate([read_fields(table, shipped_fields(name), subjects) for table, subjects in tables])
        )

    def phenotypes(self, names: tuple[str, ...]) -> Tensor:
        """Return numbers of their tables, (M, K)."""
        read = [read_phenotypes(self.settings.cohort(name).table, names, self.people[name]) for name in self.people]
        return torch.from_numpy(np.concatenate(read)).double()

    def aligned(self, name: str, values: Tensor, learnt: Tensor) -> ExpectedTable:
        """Return the alignment of the subjects `learnt` with values (M, fields) of shipped fields."""
        columns = columns_of(shipped_fields(name), values)
        return solved(self.encoder, self.masked[learnt], columns[learnt])


def alignment(everybody: Everybody, fold: int) -> dict[str, Array]:
    """Return what one alignment is worth: retrieval (S, 2) by what was shown, and heads (D, S, K) by arm."""
    learnt, labelled = folds(everybody.settings, len(everybody.learnt))[fold]
    values, masked = everybody.fields("synthetic"), everybody.masked
    gaps = with_gaps(values, 0.5, fold)
    table = everybody.aligned("synthetic", values, learnt)
    poorly = everybody.aligned("synthetic", gaps, learnt)
    found_by = {
        "whole table": retrieved(everybody, table, values),
        "learnt from halved tables": retrieved(everybody, poorly, values),
        "half of the fields missing": retrieved(everybody, table, gaps),
        "another patient's table": retrieved(everybody, table, values.roll(1, dims=0)),
    }
    arms = {
        ALIGNED: beside(masked, table, SHARE),
        ALONE: beside(masked, table, 1.0),
        MASKED: Features(masked),
        SCRATCH: Features(everybody.scratch),
    }
    names = (*PHENOTYPES, *DIAGNOSES)
    sizes = are_sizes(names)
    targets = as_lengths(everybody.phenotypes(names), sizes)
    said = {
        arm: torch.stack([as_values(told(seen, some, targets[some], everybody.tested), sizes) for some in labelled])
        for arm, seen in arms.items()
    }
    return {f"found, {name}": one for name, one in found_by.items()} | {
        f"told, {arm}": one.numpy() for arm, one in said.items()
    }


@torch.no_grad()
def retrieved(everybody: Everybody, table: ExpectedTable, values: Tensor) -> Array:
    """Return how probably each test subject finds, and is found by, values (M, fields) of its table, (S, 2)."""
    tested = everybody.tested
    columns = table.standardised(columns_of(shipped_fields("synthetic"), values[tested]))
    return found(table.fits(table.of_features(everybody.masked[tested]), columns))


def truth(everybody: Everybody) -> Array:
    """Return the true phenotypes and diagnoses of the test subjects, (S, K)."""
    return np.asarray(everybody.phenotypes((*PHENOTYPES, *DIAGNOSES))[everybody.tested].numpy())
