import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from cmr_ssl.cli import COMMANDS
from tests.runs import ROOT

PACKAGE = ROOT / "cmr_ssl"
# rooms from the ground up; what stands on a floor imports only what stands on lower ones
FLOORS = [
    "agreement anatomy concordance contrast demonstration device_resampling devices files lock losses machine planes "
    "config_keys ridge sample seeds shipped study survival workers",
    "conformal exported journal label_losses launch models overlap preparation risk_measures streamed_ridge volumes",
    "checkpoints cohort kspace masking measures metrics runner sources",
    "corruption data dicom doubts lengths phantom release tables",
    "any_study labelled tasks",
    "probing report trust",
    "callbacks evaluation inference qc quantities robustness",
    "export inspection lightning_commands pages synthesis",
    "cli commands",
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}
# part of the package -> what it must not import, although it stands lower or is somebody else's
FORBIDDEN = {
    "dicom": ("torch", "lightning", "cmr_ssl.phantom"),
    "preparation": ("torch", "lightning"),
    "sources": ("torch", "lightning"),
    "cohort": ("torch", "lightning"),
    "models": ("lightning", "torchmetrics"),
    "masking": ("cmr_ssl.preparation", "cmr_ssl.sources", "cmr_ssl.cohort", "lightning", "torchmetrics", "monai"),
    "corruption": ("lightning", "torchmetrics", "monai"),
    "kspace": ("cmr_ssl.preparation", "cmr_ssl.sources", "cmr_ssl.cohort", "lightning", "torchmetrics", "monai"),
    "measures": ("torch", "lightning", "cmr_ssl.preparation", "cmr_ssl.cohort", "cmr_ssl.phantom"),
    "phantom": ("cmr_ssl.models", "cmr_ssl.data", "torch", "lightning"),
    "planes.py": ("torch",),
    "anatomy.py": ("torch",),
    "losses.py": ("lightning",),
    "metrics.py": ("lightning",),
}


def room(module: str) -> str:
    """Return the part of the package that a module lies in."""
    return module.removeprefix("cmr_ssl.").partition(".")[0]


@cache
def imports(path: Path) -> set[str]:
    """Return the modules a file imports anywhere, functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""} | {f"{node.module}.{name.name}" for name in node.names}
    return found


def test_every_room_stands_on_a_floor():
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix in ("", ".py") and path.name[:2] != "__"}
    assert rooms == FLOOR.keys()
    assert len(FLOORS) <= 9


@pytest.mark.parametrize("floor", range(len(FLOORS)))
def test_dependencies_point_down_only(floor):
    for part in FLOORS[floor].split():
        for file in [PACKAGE / f"{part}.py"] if (PACKAGE / f"{part}.py").is_file() else (PACKAGE / part).rglob("*.py"):
            ours = {module for module in imports(file) if module.startswith("cmr_ssl.")}
            assert not [module for module in ours if room(module) != part and FLOOR[room(module)] >= floor], file


def test_every_module_has_a_test_of_its_name():
    modules = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name[:2] != "__"]
    assert [path for path in modules if not (ROOT / "tests" / path.with_name(f"test_{path.name}")).is_file()] == []


def test_nothing_imports_a_command():
    for file in PACKAGE.rglob("*.py"):
        assert not [module for module in imports(file) if module.startswith("cmr_ssl.commands")], file


def docstring_of(command: str) -> str:
    """Return what a command says of itself; it is a function of its name in a file of its name."""
    name = command.replace("-", "_")
    body = ast.parse((PACKAGE / "commands" / f"{name}.py").read_text()).body
    (function,) = (node for node in body if isinstance(node, ast.FunctionDef) and node.name == name)
    return ast.get_docstring(function) or ""


def test_every_command_is_a_function_in_a_file_of_its_name():
    files = {path.stem for path in (PACKAGE / "commands").glob("*.py")} - {"__init__"}
    assert files == {name.replace("-", "_") for name in COMMANDS}
    assert all(map(docstring_of, COMMANDS))


@pytest.mark.parametrize("option", ["workers", "scheduler", "shard", "shards"])
def test_options_that_commands_share_mean_the_same(option):
    line = re.compile(rf"^    {option}: ([^.;]*)", re.M)
    assert len({text for name in COMMANDS for text in line.findall(docstring_of(name))}) == 1


@pytest.mark.parametrize("part", FORBIDDEN)
def test_what_a_room_can_do_without_it_does_without(part):
    files = [PACKAGE / part] if part.endswith(".py") else sorted((PACKAGE / part).rglob("*.py"))
    assert files
    for file in files:
        for module in imports(file):
            assert not any(module == bad or module.startswith(f"{bad}.") for bad in FORBIDDEN[part]), (file, module)


def modules_after(*steps: str) -> list[set[str]]:
    """Return the modules that are loaded in a fresh interpreter after each step of code."""
    code = "".join(f"{step}\nprint(*sys.modules, file=sys.stderr)\n" for step in steps)
    done = subprocess.run([sys.executable, "-c", f"import sys\n{code}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [set(line.split()) for line in done.stderr.splitlines()]


def test_nothing_is_paid_for_before_it_is_used():
    commands = [f"cmr_ssl.commands.{name.replace('-', '_')}" for name in COMMANDS]
    package, overview, studies, all_commands = modules_after(
        "import cmr_ssl",
        "from cmr_ssl.cli import main; main(['--help'])",
        "cmr_ssl.read, cmr_ssl.measure, cmr_ssl.plot, cmr_ssl.phantom, cmr_ssl.Study",
        f"import {', '.join(commands)}, cmr_ssl.phantom.cohort_writer, cmr_ssl.phantom.pictures",
    )
    assert {name for name in package if name.startswith("cmr_ssl")} == {"cmr_ssl"}
    assert "cmr_ssl.cli" in overview
    assert not {"torch", "lightning", "numpy", "pandas", "jsonargparse"} & overview
    assert "cmr_ssl.any_study" in studies
    assert not {"torch", "lightning", "monai", "matplotlib"} & studies
    assert all_commands >= {*commands}
    assert not {"torch", "lightning", "monai", "matplotlib"} & all_commands


def test_networks_do_not_load_lightning():
    (loaded,) = modules_after("import cmr_ssl.models, cmr_ssl.masking")
    assert not {"lightning", "monai", "pandas"} & loaded
