"""The head of phenotypes, on features that a test makes up, and what training shows of a study."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from lightning import Callback, LightningDataModule, Trainer
from torch.utils.data import DataLoader

from cmr_ssl.corruption.missing import drop_planes
from cmr_ssl.masking import PlaneDropout, RandomMasking
from cmr_ssl.models import CrossAttentionDecoder
from cmr_ssl.tasks.objectives import Regression
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.phenotype import PhenotypePrediction, PhenotypeTask
from tests.tiny import tiny_batch, tiny_encoder

FEATURES, SUBJECTS, BATCH = 2000, 24, 8
PLANES = 7  # of `tiny_batch`


class MadeUp(PhenotypePrediction):
    """Knows the features of every subject, nearly the same for all of them, as those of hearts are."""

    def __init__(self) -> None:
        super().__init__(["LVEF (%)"], Regression(), Optimisation(1e-6), FEATURES)
        generator = torch.Generator().manual_seed(0)
        self.known = 3 + 0.05 * torch.randn(SUBJECTS, FEATURES, generator=generator)
        self.moved = torch.nn.Parameter(torch.zeros(()))

    def features(self, batch):
        return self.known[[int(subject) for subject in batch.subject]] + self.moved


class Cohort(LightningDataModule):
    """Subjects 0, 1, ... with a phenotype each; every rank of a run sees another part of them."""

    batch_size = BATCH

    def in_use(self):
        return {"train": pd.DataFrame({"LVEF (%)": np.arange(SUBJECTS, dtype=np.float32)})}

    def loader(self):
        mine = [*range(self.trainer.global_rank, SUBJECTS, self.trainer.world_size)]
        return DataLoader(mine, self.batch_size // self.trainer.world_size, collate_fn=batch_of)

    train_dataloader = val_dataloader = loader


def batch_of(subjects):
    """Return what a batch of these subjects must hold for this task."""
    blank = tiny_batch(len(subjects), slices=0)
    return blank._replace(subject=[*map(str, subjects)], phenotypes=torch.tensor(subjects)[:, None].float())


def fit(task, folder, steps, callbacks=(), **options):
    """Train a task on the made-up cohort and return it."""
    quiet = {name: False for name in ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")}
    trainer = Trainer(
        accelerator="cpu", max_steps=steps, num_sanity_val_steps=0, default_root_dir=folder, callbacks=[*callbacks],
        **quiet, **options,
    )  # fmt: skip
    trainer.fit(task, datamodule=Cohort())
    return task


def test_a_new_head_says_what_is_usual_before_it_has_learnt():
    task = MadeUp().train()
    assert torch.equal(task(batch_of([0, 1, 2])), torch.zeros(3, 1))


def test_mixed_precision_rounds_no_value():
    task = MadeUp().eval()
    torch.nn.init.normal_(task.linear.weight)
    exact = task.head(task.known)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(task.head(task.known), exact)
    assert not torch.equal(exact.bfloat16().float(), exact)


@pytest.mark.parametrize("steps", [1, 3, 9])
def test_after_any_number_of_steps_features_are_centred_and_scaled_as_the_training_split_is(tmp_path, steps):
    task = fit(MadeUp(), tmp_path, steps).eval()
    seen = task.known[: BATCH * min(steps, 3)]
    standard = task.centre(seen)
    assert standard.mean().abs() < 0.02
    assert standard.var(dim=0).mean().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([5.0, 5.0], r"LVEF \(%\) is 5 in every training subject"),
        ([np.nan] * 2, "known of none of the 2 train subjects"),
    ],
)
def test_what_cannot_be_learnt_is_refused_in_training_only(values, message):
    known = pd.DataFrame({"LVEF (%)": values})
    task = MadeUp()
    task.trainer = SimpleNamespace(datamodule=SimpleNamespace(batch_size=2, in_use=lambda: {"train": known}))
    with pytest.raises(ValueError, match=message):
        task.setup("fit")
    task.trainer = SimpleNamespace(datamodule=SimpleNamespace(in_use=lambda: {"test": known.fillna(5.0)}))
    task.setup("test")


class Keeper(Callback):
    """Write the statistics of each process to ``FOLDER/RANK.pt``."""

    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, task):
        torch.save([task.centre.running_mean, task.centre.running_var], self.folder / f"{trainer.global_rank}.pt")


def test_two_processes_agree_on_the_statistics_of_all_their_subjects(tmp_path):
    fit(MadeUp(), tmp_path, 3, [Keeper(tmp_path)], devices=2, strategy="ddp_fork", use_distributed_sampler=False)
    (mean, variance), other = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert torch.equal(mean, other[0])
    assert torch.equal(variance, other[1])
    known = MadeUp().known
    torch.testing.assert_close(mean, known.mean(dim=0), atol=1e-3, rtol=0)
    batches = torch.stack([known[rank::2][4 * step :][:4].var(dim=0) for rank in (0, 1) for step in range(3)])
    torch.testing.assert_close(variance, batches.mean(dim=0), atol=1e-4, rtol=0)


def task_that_shows(share):
    masking = [RandomMasking(), PlaneDropout(0.4)]
    return PhenotypeTask(["LVEF (%)"], encoder=tiny_encoder(), masking=masking, mask_ratio=1 - share)


@pytest.mark.parametrize(("least", "fills"), [(2, False), (3, True), (7, True)])
def test_attention_needs_no_mask_if_the_poorest_subject_has_what_is_shown(least, fills):
    batch = tiny_batch(1)
    task = task_that_shows(3 / PLANES)
    data = SimpleNamespace(shape=batch.images.shape[1:], least_planes=least)
    assert task.fills(data.shape, data.least_planes) == fills
    encoded = task.encode_visible(drop_planes(batch, torch.arange(PLANES)[None] >= least))
    assert bool(encoded.exists.all()) == fills


def test_without_a_mask_training_sees_the_same_and_an_unreadable_subject_harms_no_other():
    batch = tiny_batch(2)
    batch = drop_planes(batch, torch.tensor([[False] * 3 + [True] * 4, [True] * PLANES]))
    task = task_that_shows(3 / PLANES)
    masked = task.encode_visible(batch)
    task.always_filled = True
    unmasked = task.encode_visible(batch)
    assert masked.exists.any(dim=1).tolist() == [True, False]
    torch.testing.assert_close(unmasked.class_token[0], masked.class_token[0])
    assert unmasked.class_token.isfinite().all()


def test_what_the_decoder_says_is_read_beside_the_tokens_and_only_where_there_is_one():
    def task(decoder, whole_heart):
        torch.manual_seed(0)
        return PhenotypeTask(["LVEF (%)"], encoder=tiny_encoder(), decoder=decoder, whole_heart=whole_heart)

    batch, decoder = tiny_batch(), partial(CrossAttentionDecoder, width=32, depth=1, heads=2)
    alone, both = (task(decoder, whole_heart).eval() for whole_heart in (False, True))
    told = both.features(batch)
    torch.testing.assert_close(told[:, : both.pooling.width], alone.features(batch))
    assert told.shape[1] == both.pooling.width + both.completion.width(both.decoder) == both.linear.in_features
    assert not any(weight.requires_grad for weight in both.decoder.parameters())
    both.train().features(batch).sum().backward()  # the encoder learns, by its tokens
    assert both.encoder.embed.weight.grad is not None
    assert task(None, whole_heart=True).decoder is None


def test_the_expected_table_is_read_beside_the_tokens_and_makes_its_share_of_what_a_solved_head_sees():
    batch = tiny_batch()
    without, task = (PhenotypeTask(["LVEF (%)"], encoder=tiny_encoder(), expected_columns=some) for some in (0, 3))
    torch.nn.init.normal_(task.expected.weights, generator=torch.Generator().manual_seed(0))
    told = task.eval().features(batch)
    torch.testing.assert_close(told[:, :-3], without.eval().features(batch))
    torch.testing.assert_close(told[:, -3:], task.expected(task.encode(batch)))
    assert not any(weight.requires_grad for weight in task.expected.parameters())
    variance = torch.ones(task.linear.in_features)
    assert torch.equal(without.spread(variance[3:]), variance[3:])
    assert float((1 / task.spread(variance))[-3:].sum()) / len(variance) == pytest.approx(0.3)
