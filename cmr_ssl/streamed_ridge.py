"""Ridge regression on any number of subjects, a few at a time.

The exact solution of `ridge` needs all rows at once. Here features are projected onto the principal directions of a
sample of them (Nystroem's approximation of the kernel), and only the normal equations of the projections are kept:
memory does not grow with the number of subjects.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import pad

from cmr_ssl.ridge import FREE, PENALTIES, Ridge, target_groups

DIRECTIONS = 2048  # of features, at most
FOLD = 5  # every fifth subject with a value, with all its copies, validates the penalties


class Sums:
    """Normal equations of rows (R, D) and targets (R, K): gram (D, D), moment (D, K), and the targets' squares (K,)."""

    def __init__(self, directions: int, targets: int) -> None:
        """Start at zero."""
        self.gram = torch.zeros(directions, directions, dtype=torch.float64)
        self.moment = torch.zeros(directions, targets, dtype=torch.float64)
        self.square = torch.zeros(targets, dtype=torch.float64)

    def add(self, rows: Tensor, targets: Tensor) -> None:
        """Add rows (N, C, D) of subjects and their targets (N, K)."""
        repeated = targets.repeat_interleave(rows.shape[1], dim=0)  # (N C, K)
        flat = rows.flatten(0, 1)  # (N C, D)
        self.gram.addmm_(flat.T, flat)
        self.moment.addmm_(flat.T, repeated)
        self.square += repeated.square().sum(dim=0)

    def solutions(self) -> Iterator[Tensor]:
        """Yield the solution (X'X + l I)^-1 X'y, (D, K), for each penalty l of `PENALTIES`."""
        values, vectors = torch.linalg.eigh(self.gram)
        projected = vectors.T @ self.moment
        for penalty in PENALTIES.tolist():
            yield vectors @ (projected / (values.clamp(min=0) + penalty)[:, None])

    def errors(self, solution: Tensor) -> Tensor:
        """Return the sum of squared errors y'y - 2 w'X'y + w'X'X w of a solution w (D, K) on these rows, (K,)."""
        return self.square - 2 * (solution * self.moment).sum(dim=0) + (solution * (self.gram @ solution)).sum(dim=0)


class Group:
    """Targets that are known of the same subjects, with sums for training and validation."""

    def __init__(self, targets: Tensor, directions: int) -> None:
        """Start without subjects; `targets` is the mask of the group's targets, (K,)."""
        self.targets = targets
        self.training, self.held_out, self.validation = (Sums(directions, int(targets.sum())) for _ in range(3))
        self.count = 0

    def add(self, rows: Tensor, targets: Tensor) -> None:
        """Add the subjects with values, of rows (N, C, D) and targets (N, all K)."""
        values = targets[:, self.targets].double()
        known = ~values.isnan().any(dim=1)
        rows, values = rows[known], values[known]
        held_out = (self.count + torch.arange(len(rows))) % FOLD == FOLD - 1
        self.count += len(rows)
        self.training.add(rows[~held_out], values[~held_out])
        self.held_out.add(rows[held_out], values[held_out])
        self.validation.add(rows[held_out, :1], values[held_out])  # predictions use the first copy

    def solve(self) -> Tensor:
        """Return the solution (D, K) with the smallest validation error; raise ValueError for too few subjects."""
        if self.count < FOLD:
            raise ValueError(
                f"a target is known of {self.count} training subjects: at least {FOLD} are needed to learn it"
            )
        errors = [self.validation.errors(solution) for solution in self.training.solutions()]
        best = torch.stack(errors).argmin(dim=0)
        self.training.gram += self.held_out.gram
        self.training.moment += self.held_out.moment
        solutions = torch.stack(list(self.training.solutions()))  # (penalties, D, K)
        return solutions[best, :, torch.arange(len(best))].T


class StreamedRidge:
    """A ridge regression to which subjects are added."""

    def __init__(self, sample: Tensor, targets: Tensor, directions: int = DIRECTIONS) -> None:
        """Choose the directions.

        Args:
            sample: standardised features, (rows, F).
            targets: of all subjects that will be added, (N, K), NaN where unknown, which defines the groups.
            directions: at most.
        """
        self.basis = principal(sample, directions)
        width = self.basis.shape[1] + 1  # and the intercept
        self.groups = [Group(group, width) for _, group in target_groups(targets)]

    def add(self, features: Tensor, targets: Tensor) -> None:
        """Add standardised features (N, C, F), of which predictions use the first copy, and targets (N, K)."""
        rows = pad((features @ self.basis).double() / len(self.basis) ** 0.5, (0, 1), value=FREE**0.5)
        for group in self.groups:
            group.add(rows, targets)

    def solve(self) -> Ridge:
        """Return the map of features to targets; see `Group.solve`."""
        count = sum(len(group.targets.nonzero()) for group in self.groups)
        weights = torch.empty(count, len(self.basis), dtype=torch.float64)
        biases = torch.empty(count, dtype=torch.float64)
        for group in self.groups:
            solution = group.solve()
            weights[group.targets] = (self.basis @ solution[:-1].float()).T.double() / len(self.basis) ** 0.5
            biases[group.targets] = solution[-1] * FREE**0.5
        return Ridge(weights, biases)


def principal(rows: Tensor, directions: int) -> Tensor:
    """Return at most `directions` principal directions of rows (R, F), orthonormal, (F, D)."""
    values, vectors = torch.linalg.eigh((rows @ rows.T).double())
    kept = values > values[-1] * 1e-6  # the precision of float32
    values, vectors = values[kept][-directions:], vectors[:, kept][:, -directions:]
    return rows.T @ (vectors / values.sqrt()).float()
