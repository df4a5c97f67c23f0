import numpy as np
import pandas as pd
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cmr_ssl.files import digest
from cmr_ssl.preparation.cache import write_subject
from tests.caches import SETTINGS, prepared, write_cache
from tests.runs import probe, run

SUBJECTS = {str(900000200 + index): (6, ("la_2ch", "la_4ch")) for index in range(48)}


@pytest.fixture(scope="module")
def bright(tmp_path_factory):
    """Return a cache whose subjects differ in brightness, and the table that tells it."""
    folder = tmp_path_factory.mktemp("bright")
    cache, rows = write_cache(folder / "cache", SUBJECTS), []
    for index, (subject, planes) in enumerate(SUBJECTS.items()):
        gain = 0.4 + 0.6 * float(np.random.default_rng(index).random())
        study = prepared(*planes, seed=index)
        write_subject(cache, subject, study._replace(images=(study.images * gain).astype(np.uint8)), digest(SETTINGS))
        rows.append({"eid": subject, "brightness": 100 * gain})
    pd.DataFrame(rows).to_csv(folder / "table.csv", index=False)
    return folder


def options(folder, *more):
    words = ["--trainer.callbacks+", "cmr_ssl.callbacks.RepresentationProbe"]
    words += ["--trainer.callbacks.targets", "[brightness]"]
    words += ["--trainer.callbacks.labels", "30", "--trainer.callbacks.every_n_epochs", "1"]
    return [*words, "--data.table", str(folder / "table.csv"), "--trainer.max_epochs", "2", *more]


def logged(folder):
    """Return the values of each probe's tag, in order."""
    events = [EventAccumulator(str(file)).Reload() for file in sorted(folder.glob("events.out.tfevents.*"))]
    names = {tag for one in events for tag in one.Tags()["scalars"] if tag.startswith("probe/")}
    return {name: [value.value for one in events for value in one.Scalars(name)] for name in names}


def test_a_pretraining_that_destroys_the_representation_is_seen_at_once(bright, tmp_path):
    assert run(bright / "cache", tmp_path / "run", *options(bright), *probe("Eraser", step=10)) == 0
    found = logged(tmp_path / "run")
    untrained, first, last = found["probe/r2_brightness"]
    assert min(untrained, first) > 0.9
    assert last < 0.1
    assert found["probe/mae_brightness"][2] > 3 * found["probe/mae_brightness"][1]
    assert found["probe/rank_between"][2] < 0.1 * found["probe/rank_between"][1] + 1
    assert min(found["probe/rank"]) > 1
    assert len(set(found["probe/raw_r2_brightness"])) == 1
    assert found["probe/raw_r2_brightness"][0] > 0.9


def test_probing_changes_nothing_of_the_training(bright, tmp_path):
    words = ["--trainer.max_epochs", "1", "--trainer.limit_train_batches", "3"]  # it probes before the first epoch, too
    assert run(bright / "cache", tmp_path / "without", *words) == 0
    assert run(bright / "cache", tmp_path / "with", *options(bright, *words)) == 0
    one, other = (
        torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("without", "with")
    )
    for name, weight in one.items():
        torch.testing.assert_close(other[name], weight, atol=0, rtol=0)


def test_without_a_table_it_says_so_in_one_sentence(bright, tmp_path, capfd):
    words = options(bright)
    at = words.index("--data.table")
    assert run(bright / "cache", tmp_path / "run", *words[:at], *words[at + 2 :]) != 0
    said = capfd.readouterr().err
    assert "RepresentationProbe needs phenotypes: name their table with --data.table FILE" in " ".join(said.split())
    assert "Traceback" not in said
