"""Start the head where a linear probe ends, so that fine-tuning has only to improve on it."""

import torch
from lightning import Callback, LightningModule, Trainer
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader

from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.data.sample import to_device
from cmr_ssl.ridge import ridge
from cmr_ssl.tasks.objectives import Regression
from cmr_ssl.tasks.phenotype import PhenotypePrediction


class RidgeStart(Callback):
    """Solve the head by ridge regression on the features that training starts from.

    A new head would first have to learn from scratch and would spoil what the encoder knows meanwhile (Kumar et al.,
    ICLR 2022, arXiv 2202.10054). With a frozen encoder and a pooling without weights this is the linear probe itself.
    Where training hides tokens, they are hidden here too: a solution must stand that. The statistics that centre the
    features stay those of the training split, also within a batch.
    """

    def __init__(self, subjects: int = 4096) -> None:
        """Choose how many training subjects to solve with.

        Args:
            subjects: at most so many; time and memory grow with their square.

        Raises:
            ValueError: if they are fewer than two.
        """
        if subjects < 2:
            raise ValueError(f"subjects of RidgeStart must be at least 2, got {subjects}")
        self.subjects = subjects

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse tasks that have no numbers to predict.

        Raises:
            ValueError: naming the task.
        """
        if not (isinstance(pl_module, PhenotypePrediction) and isinstance(pl_module.objective, Regression)):
            raise ValueError("RidgeStart solves regressions of phenotypes only: take it out of trainer.callbacks")

    @torch.no_grad()
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Solve, unless a training goes on that was started before."""
        task = pl_module
        if trainer.ckpt_path or not (isinstance(task, PhenotypePrediction) and isinstance(task.objective, Regression)):
            return
        with trainer.precision_plugin.forward_context():
            features, true = self.gather(trainer.datamodule, task)  # type: ignore[attr-defined]
        variance, mean = torch.var_mean(features, dim=0, correction=0)
        task.centre.running_mean, task.centre.running_var = mean, variance
        solution = ridge((features - mean) / (variance + task.centre.eps).sqrt(), task.objective.standardise(true))
        task.linear.weight.copy_(solution.weights)
        task.linear.bias.copy_(solution.biases)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the statistics."""
        if isinstance(pl_module, PhenotypePrediction):
            pl_module.centre.eval()

    def gather(self, data: CineDataModule, task: PhenotypePrediction) -> tuple[Tensor, Tensor]:
        """Return features (N, F) and true values (N, K) of training subjects that have any."""
        dataset = data.dataset(data.subjects["train"][: self.subjects])
        seen = []
        for batch in track(DataLoader(dataset, data.batch_size, num_workers=data.workers), "ridge start"):
            shown = to_device(batch, task.device)
            seen.append((task.features(shown._replace(images=shown.images.float() / 255)).float(), shown.phenotypes))
        features, true = (torch.cat(parts) for parts in zip(*seen, strict=True))
        known = ~true.isnan().all(dim=1)
        return features[known], true[known]
