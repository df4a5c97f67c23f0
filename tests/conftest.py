"""One thread a process, for the tests run side by side; and what is costly to make, once a session."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported; handed down to subprocesses

import gc
from multiprocessing import get_context
from pathlib import Path

import pytest
from filelock import FileLock
from matplotlib.figure import Figure

from tests.caches import COHORT, write_cache

gc.disable()  # until all modules are imported, which takes a quarter longer with it

os.fsync = lambda descriptor: None  # no test cuts the power, and a busy disk takes up to a second for each file

save = Figure.savefig


def save_coarsely(figure, *args, dpi=None, **options):
    """Save a figure that nobody looks at: few dots, and parts that may touch; see `fine_figures`."""
    figure.set_layout_engine("none")
    save(figure, *args, dpi=30, **options)


Figure.savefig = save_coarsely

# files that take long; where several processes share the files, these are begun first and nobody waits at the end
LONG = ["lightning_commands", "trained", "onnx", "runs", "aligned", "disturbed", "robustness", "distributed"]
LONG += ["line_task", "inspect", "pace", "browser", "probes", "report"]


def pytest_configure(config) -> None:
    """Let files be handed out in the order below, not by the number of their tests."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items) -> None:
    """Put the longest files first."""
    ranks = {f"test_{name}.py": rank for rank, name in enumerate(LONG)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(LONG)))


def pytest_collection_finish() -> None:
    """Let the garbage collector come by, but seldom, and spare it the many objects of imported modules, which stay."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def once(tmp_path_factory, name, make) -> Path:
    """Return a folder of the session that the first of all its processes makes; tests leave it as it is."""
    place = tmp_path_factory.getbasetemp()
    folder = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / name
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            make(folder.with_suffix(".making")).rename(folder)
    return folder


@pytest.fixture
def fine_figures(monkeypatch):
    """Save figures as users get them."""
    monkeypatch.setattr(Figure, "savefig", save)


@pytest.fixture
def forked(monkeypatch):
    """Let pools of workers be forked, which need not import everything; `test_workers` starts them as users do."""
    monkeypatch.setattr("cmr_ssl.workers.get_context", lambda _: get_context("fork"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """Return a prepared cache of the subjects of `caches.COHORT`."""
    return write_cache(tmp_path_factory.mktemp("cache"), COHORT)


@pytest.fixture(scope="session")
def finished_run(cache, tmp_path_factory) -> Path:
    """Return the folder of a finished run of the smoke configuration."""
    from tests.runs import SMOKE, run

    folder = tmp_path_factory.mktemp("runs") / "finished"
    assert run(cache, folder, config=SMOKE) == 0
    return folder


@pytest.fixture(scope="session")
def hearts(tmp_path_factory) -> Path:
    """Return a folder with a ``cohort`` of synthetic hearts and the ``cache`` prepared from it."""
    from tests.hearts import make_hearts

    return once(tmp_path_factory, "hearts", make_hearts)


@pytest.fixture(scope="session")
def clean() -> dict[str, bytes]:
    """Return the DICOM files of a clean study."""
    from tests.dicoms import study_files

    return study_files()


@pytest.fixture(scope="session")
def h5py():
    """Return the package that few have, or skip."""
    return pytest.importorskip("h5py")
