"""Real planes left out in turn: what the rest of the heart says of them, beside copying and interpolating."""

from pathlib import Path

import pandas as pd
import torch

from cmr_ssl.inference.leave_one_out import leave_one_out
from cmr_ssl.inference.pretrained import load_pretraining
from cmr_ssl.inspection.usual_planes import studies
from cmr_ssl.report.tables import write_csv
from experiments.real_hearts.arms import Pretraining
from experiments.real_hearts.cohort import members, read_fold
from experiments.real_hearts.runs import pretrained
from experiments.real_hearts.settings import Settings


def table_of(settings: Settings, fold: int, pretraining: Pretraining) -> Path:
    """Return where the rows of a fold lie, one a plane."""
    return settings.folder(fold) / "left_out" / f"{pretraining.name}.csv"


def carry_out(settings: Settings, fold: int, pretraining: Pretraining) -> None:
    """Leave each plane of the test patients out; neither their planes nor any other of theirs were pretrained on."""
    cpu = torch.device("cpu")
    task, trained = load_pretraining(pretrained(settings, fold, pretraining), cpu)
    rows: list[dict[str, object]] = []
    for heart in studies(settings.cache, members(read_fold(settings, fold), "test"), trained, cpu):
        rows += leave_one_out(task, heart)
    write_csv(table_of(settings, fold, pretraining), pd.DataFrame(rows))


def read(settings: Settings, pretraining: Pretraining) -> pd.DataFrame:
    """Return the rows of all folds that are done."""
    paths = [table_of(settings, fold, pretraining) for fold in settings.chosen]
    tables = [pd.read_csv(path, dtype={"subject": str}) for path in paths if path.is_file()]
    return pd.concat(tables) if tables else pd.DataFrame()
