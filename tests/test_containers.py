"""What can be said of the recipes without a machine that runs containers."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.runs import ROOT

RECIPES = {
    "Dockerfile": re.compile(r"^COPY ((?:\S+ )+)\S+$", re.M),
    "apptainer.def": re.compile(r"^ {4}(\S+) /opt/cmr_ssl/\S+$", re.M),
}


def copied(recipe):
    text = (ROOT / recipe).read_text()
    return {name for names in RECIPES[recipe].findall(text) for name in names.split()}


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_a_recipe_copies_is_enough_to_build_the_wheel(recipe, tmp_path):
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    for name in copied(recipe):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", tmp_path]
    subprocess.run(build, capture_output=True, check=True)
    assert [*tmp_path.glob("dist/*.whl")]


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes_install_the_tested_versions_and_nothing_else(recipe):
    installs = re.findall(r"pip install (.*)", (ROOT / recipe).read_text())
    assert len(installs) == 2
    assert all(install.startswith("--no-cache-dir --constraint constraints.txt ") for install in installs)


def test_only_what_is_copied_reaches_the_image():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied("Dockerfile")
