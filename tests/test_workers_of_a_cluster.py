import json
from types import SimpleNamespace

import pytest
from safetensors.numpy import load_file

from cmr_ssl import workers
from cmr_ssl.commands.prepare import prepare
from cmr_ssl.journal import read_records
from cmr_ssl.preparation.cache import SETTINGS, subject_file
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.workers import ClusterTrouble, Workers, outcomes
from tests.studies import study, write_study

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
SMALL = Preparation(size=32, spacing_mm=3.6538, frames=10)


def kills_its_workers(job):
    if job == 3:  # what the scheduler says of a task after `allowed-failures` workers died; real deaths take a minute
        raise distributed.KilledWorker("task", SimpleNamespace(address="tcp://gone"), 3)
    return 2 * job


def lost(job):
    return -job


def refuses(job):
    raise ImportError("No module named 'cmr_ssl'")


@pytest.fixture(scope="module")
def threads():
    """Return the address of a cluster in this process."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0", protocol="tcp", host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


def test_every_job_ends_once(threads, tmp_path):
    everybody = Workers(scheduler=threads, folders=(tmp_path,))
    assert sorted(outcomes(everybody, lambda job: 2 * job, iter(range(9)), lost)) == [2 * job for job in range(9)]


def test_preparing_on_a_cluster_is_preparing_here(threads, tmp_path):
    for subject in ("900000001", "900000002"):
        write_study(tmp_path / "hearts", study(subject=subject))
    assert prepare(tmp_path / "hearts", tmp_path / "here", preparation=SMALL) == 0
    for _ in range(2):  # the second time there is nothing left to do
        assert prepare(tmp_path / "hearts", tmp_path / "there", preparation=SMALL, scheduler=threads) == 0
    for subject in ("900000001", "900000002"):
        here, there = (load_file(subject_file(tmp_path / where, subject)) for where in ("here", "there"))
        assert here.keys() == there.keys()
        assert all((here[name] == there[name]).all() for name in here)
    records = [[*read_records(tmp_path / where, settings(tmp_path / where))] for where in ("here", "there")]
    assert [len(lines) for lines in records] == [2, 2]
    assert records[0] == sorted(records[1], key=lambda record: record.subject)


def settings(cache):
    return json.loads((cache / SETTINGS).read_text())["digest"]


def test_workers_that_do_not_see_a_folder_or_lack_this_package_stop_at_once(threads, tmp_path):
    everybody = Workers(scheduler=threads, folders=(tmp_path / "elsewhere",))
    with pytest.raises(ClusterTrouble, match="does not see"):
        list(outcomes(everybody, str, iter(range(9)), lost))
    with pytest.raises(ClusterTrouble, match="install the same cmr-ssl there"):
        list(outcomes(Workers(scheduler=threads), refuses, iter(range(9)), lost))


def test_only_the_job_that_kills_its_workers_is_lost(threads):
    found = outcomes(Workers(scheduler=threads), kills_its_workers, iter(range(6)), lost)
    assert sorted(found) == [-3, 0, 2, 4, 8, 10]


def test_without_a_scheduler_or_the_package_there_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(workers, "CONNECT_S", 0.2)
    write_study(tmp_path / "hearts", study(("sa",)))
    assert prepare(tmp_path / "hearts", tmp_path / "cache", scheduler="tcp://127.0.0.1:9") == 1
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
    monkeypatch.setattr(workers, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match="cmr-ssl\\[cluster\\]"):
        Workers(scheduler="tcp://127.0.0.1:9")
