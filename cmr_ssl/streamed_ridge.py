"""Ridge regression on any number of subjects, who come a few at a time and are forgotten again.

The exact solution of `ridge` needs all rows at once. Here features are seen along the directions in which a sample of
them differs most (Nystroem's approximation of the kernel), and of everybody only the normal equations along them are
kept: memory does not grow with the number of subjects.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import pad

from cmr_ssl.ridge import FREE, PENALTIES, Ridge, known_alike

DIRECTIONS = 2048  # of features, at most
FOLD = 5  # every fifth subject with a value judges the penalties, with all its copies, and then learns with the others


class Sums:
    """Normal equations of rows (R, D) and targets (R, K): gram (D, D), moment (D, K), and the targets' squares (K,)."""

    def __init__(self, directions: int, targets: int) -> None:
        """Begin with no rows."""
        self.gram = torch.zeros(directions, directions, dtype=torch.float64)
        self.moment = torch.zeros(directions, targets, dtype=torch.float64)
        self.square = torch.zeros(targets, dtype=torch.float64)

    def add(self, rows: Tensor, targets: Tensor) -> None:
        """Add rows (N, C, D) of subjects and their targets (N, K)."""
        wanted = targets.repeat_interleave(rows.shape[1], dim=0)
        flat = rows.flatten(0, 1)
        self.gram.addmm_(flat.T, flat)
        self.moment.addmm_(flat.T, wanted)
        self.square += wanted.square().sum(dim=0)

    def solutions(self) -> Iterator[Tensor]:
        """Yield the solution (D, K) for each of `PENALTIES`."""
        values, vectors = torch.linalg.eigh(self.gram)
        turned = vectors.T @ self.moment
        for penalty in PENALTIES.tolist():
            yield vectors @ (turned / (values.clamp(min=0) + penalty)[:, None])

    def errors(self, solution: Tensor) -> Tensor:
        """Return the sum of squared errors (K,) that a solution (D, K) makes on these rows."""
        return self.square - 2 * (solution * self.moment).sum(dim=0) + (solution * (self.gram @ solution)).sum(dim=0)


class Group:
    """Targets that are known of the same subjects: sums of who learns, of who judges and learns later, and to judge."""

    def __init__(self, targets: Tensor, directions: int) -> None:
        """Begin with nobody; `targets` tells which they are, (K,)."""
        self.targets = targets
        self.learners, self.judges, self.judging = (Sums(directions, int(targets.sum())) for _ in range(3))
        self.seen = 0

    def add(self, rows: Tensor, targets: Tensor) -> None:
        """Add those of some subjects, rows (N, C, D) and targets (N, all K), that have values."""
        values = targets[:, self.targets].double()
        known = ~values.isnan().any(dim=1)
        rows, values = rows[known], values[known]
        judges = (self.seen + torch.arange(len(rows))) % FOLD == FOLD - 1
        self.seen += len(rows)
        self.learners.add(rows[~judges], values[~judges])
        self.judges.add(rows[judges], values[judges])
        self.judging.add(rows[judges, :1], values[judges])  # predictions are made of the first copy

    def solve(self) -> Tensor:
        """Return the solution (D, K) on everybody, its penalties those with the smallest error of the judges.

        Raises:
            ValueError: if too few subjects have values.
        """
        if self.seen < FOLD:
            raise ValueError(
                f"a target is known of {self.seen} training subjects: at least {FOLD} are needed to learn it"
            )
        best = torch.stack([self.judging.errors(one) for one in self.learners.solutions()]).argmin(dim=0)
        self.learners.gram += self.judges.gram
        self.learners.moment += self.judges.moment
        solutions = torch.stack(list(self.learners.solutions()))  # (penalties, D, K)
        return solutions[best, :, torch.arange(len(best))].T


class StreamedRidge:
    """A ridge regression in the making."""

    def __init__(self, sample: Tensor, targets: Tensor, directions: int = DIRECTIONS) -> None:
        """Choose the directions.

        Args:
            sample: standardised features, (rows, F).
            targets: of everybody who will come, (N, K), NaN where unknown; they tell which are known of the same.
            directions: at most.
        """
        self.basis = principal(sample, directions)
        width = self.basis.shape[1] + 1  # and the level
        self.groups = [Group(alike, width) for _, alike in known_alike(targets)]

    def add(self, features: Tensor, targets: Tensor) -> None:
        """Learn from standardised features (N, C, F), predictions being made of the first copy, and targets (N, K)."""
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
    """Return the orthonormal directions (F, D) in which rows (R, F) are longest, at most so many."""
    values, vectors = torch.linalg.eigh((rows @ rows.T).double())
    kept = values > values[-1] * 1e-6  # float32 tells no more
    values, vectors = values[kept][-directions:], vectors[:, kept][:, -directions:]
    return rows.T @ (vectors / values.sqrt()).float()
