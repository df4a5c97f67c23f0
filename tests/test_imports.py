import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs import ROOT

PACKAGE = ROOT / "cmr_ssl"
# part of the package -> what it must not import; dependencies point down only
FORBIDDEN = {
    "data": ("cmr_ssl.models", "cmr_ssl.masking", "cmr_ssl.tasks", "cmr_ssl.callbacks", "cmr_ssl.report"),
    "dicom": ("cmr_ssl.models", "cmr_ssl.masking", "cmr_ssl.tasks", "cmr_ssl.phantom", "torch", "lightning"),
    "models": ("cmr_ssl.data", "cmr_ssl.masking", "cmr_ssl.tasks", "lightning", "torchmetrics"),
    "masking": ("cmr_ssl.data", "cmr_ssl.tasks", "cmr_ssl.callbacks", "lightning", "torchmetrics", "monai"),
    "corruption": ("cmr_ssl.tasks", "cmr_ssl.callbacks", "cmr_ssl.report", "lightning", "torchmetrics", "monai"),
    "tasks": ("cmr_ssl.callbacks", "cmr_ssl.report", "cmr_ssl.robustness", "cmr_ssl.cli", "cmr_ssl.fitting"),
    "phantom": ("cmr_ssl.models", "cmr_ssl.masking", "cmr_ssl.tasks", "cmr_ssl.data.datamodule", "torch", "lightning"),
    "planes.py": ("cmr_ssl", "torch"),
    "anatomy.py": ("cmr_ssl", "torch"),
    "losses.py": ("cmr_ssl.data", "cmr_ssl.tasks", "lightning"),
    "metrics.py": ("cmr_ssl.data", "cmr_ssl.tasks", "lightning"),
}


def imports(path: Path) -> set[str]:
    """Return the modules a file imports anywhere, functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""} | {f"{node.module}.{name.name}" for name in node.names}
    return found


@pytest.mark.parametrize("part", FORBIDDEN)
def test_dependencies_point_down_only(part):
    files = [PACKAGE / part] if part.endswith(".py") else sorted((PACKAGE / part).rglob("*.py"))
    assert files
    for file in files:
        for module in imports(file):
            assert not any(module == bad or module.startswith(f"{bad}.") for bad in FORBIDDEN[part]), (file, module)


def modules_after(code: str) -> set[str]:
    """Return the modules that are loaded in a fresh interpreter after `code`."""
    command = [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr.split())


@pytest.mark.parametrize(
    "module",
    [
        "cmr_ssl.phantom.command",
        "cmr_ssl.dicom.importing",
        "cmr_ssl.data.preparing",
        "cmr_ssl.quantify",
        "cmr_ssl.predict",
        "cmr_ssl.robustness.command",
        "cmr_ssl.synthesis.command",
        "cmr_ssl.inspection.command",
    ],
)
def test_data_commands_do_not_pay_for_torch(module):
    loaded = modules_after(f"import {module}")
    assert module in loaded
    assert not {"torch", "lightning", "monai", "matplotlib"} & loaded


def test_the_overview_of_commands_pays_for_nothing():
    loaded = modules_after("from cmr_ssl.cli import main\nmain(['--help'])")
    assert "cmr_ssl.cli" in loaded
    assert not {"torch", "lightning", "numpy", "jsonargparse"} & loaded


def test_networks_do_not_load_lightning():
    assert not {"lightning", "monai", "pandas"} & modules_after("import cmr_ssl.models, cmr_ssl.masking")
