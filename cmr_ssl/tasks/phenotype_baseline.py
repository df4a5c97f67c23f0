"""Phenotypes from a plain convolutional network, in the same harness as the pretrained encoder."""

from torch import Tensor

from cmr_ssl.corruption.missing import close_ranks, drop_planes, ranks, rearranged
from cmr_ssl.masking import draw_uniform
from cmr_ssl.masking.base import check_rate
from cmr_ssl.models.baselines import PlanesResNet
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tasks.objectives import Objective, Regression
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.phenotype import PhenotypePrediction


class PhenotypeBaseline(PhenotypePrediction):
    """Predict phenotypes with a convolutional network, to compare with."""

    def __init__(
        self,
        targets: list[str],
        network: PlanesResNet,
        objective: Objective | None = None,
        optimisation: Optimisation = Optimisation(),  # noqa: B008  (frozen, so a shared default is safe)
        plane_dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Put the parts together; what is not said here is as in `PhenotypeTask`.

        Args:
            targets: columns of the cohort table.
            network: what makes one vector of a study.
            objective: what is made of the targets.
            optimisation: AdamW and its schedule.
            plane_dropout: probability with which training takes each plane away; at least one stays. Slices that are
                left close ranks, as those of studies that lack some do.
            seed: of which planes are taken away.

        Raises:
            ValueError: if `plane_dropout` is outside 0 to 1.
        """
        super().__init__(targets, objective or Regression(), optimisation, network.width)
        self.save_hyperparameters()
        self.network, self.seed = network, seed
        self.plane_dropout = check_rate("model.plane_dropout", plane_dropout)

    def features(self, batch: Sample) -> Tensor:
        """Return the vector that the network makes of a study, (B, F); in training some planes are dropped."""
        input_batch = self.depleted(batch) if self.training and self.plane_dropout else batch
        return self.network(input_batch.images, input_batch.present)

    def depleted(self, batch: Sample) -> Sample:
        """Return what training shows: without planes that depend on seed, subject and epoch."""
        seeds = subject_seeds(batch.subject, self.seed, "plane dropout", self.current_epoch)
        draws = draw_uniform((batch.present.shape[1],), seeds).to(batch.present.device)
        stays = ranks(draws, batch.present) == 0
        left = drop_planes(batch, (draws < self.plane_dropout) & ~stays)
        return rearranged(left, close_ranks(left))
