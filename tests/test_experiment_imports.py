"""What benchmarks and experiments import of each other, functions included: no cycle, and no experiment another."""

from graphlib import CycleError, TopologicalSorter

import pytest

from tests.runs import ROOT
from tests.test_imports import imports

FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for folder in ("benchmarks", "experiments")
    for path in (ROOT / folder).rglob("*.py")
}
GRAPH = {module: {name for name in imports(path) if name in FILES} - {module} for module, path in FILES.items()}


def experiment(module: str) -> str | None:
    """Return the folder of experiments that a module lies in; None for one that is shared, or a benchmark's."""
    folder = ROOT.joinpath(*module.split(".")[:2])
    return folder.name if module.startswith("experiments.") and folder.is_dir() else None


def test_no_module_imports_itself_by_way_of_others():
    assert len(FILES) > 80
    TopologicalSorter(GRAPH).prepare()
    with pytest.raises(CycleError):
        TopologicalSorter(GRAPH | {"experiments.cohorts": {"experiments.evidence.run"}}).prepare()


def test_an_experiment_imports_its_own_and_shared_modules_only():
    experiments = {module: others for module, others in GRAPH.items() if module.startswith("experiments")}
    wrong = [
        (module, other)
        for module, others in experiments.items()
        for other in others
        if other.startswith("benchmarks") or experiment(other) not in (None, experiment(module))
    ]
    assert wrong == []


def test_benchmarks_import_shared_modules_of_experiments_only():
    imported = {other for module, others in GRAPH.items() if module.startswith("benchmarks") for other in others}
    assert {other for other in imported if experiment(other)} == set()
