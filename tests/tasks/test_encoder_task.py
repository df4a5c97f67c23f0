import torch

from cmr_ssl.tasks import PhenotypeTask
from tests.tiny import tiny_batch, tiny_encoder, tiny_task


def test_vectors_have_names_and_only_a_decoder_tells_the_whole_heart():
    with torch.inference_mode():
        names = [list(task.embed(tiny_batch()).by_name()) for task in (tiny_task(), task_of())]
    assert names[0] == ["whole heart", *names[1]]
    assert names[1] == ["landmarks", "class token", "mean token"]


def task_of():
    return PhenotypeTask(["LVM (g)"], encoder=tiny_encoder())


def test_what_an_encoder_was_aligned_with_stays_with_its_checkpoint():
    task, other, checkpoint = task_of(), task_of(), {"hyper_parameters": {}}
    task.aligned = ["Age"]
    task.on_save_checkpoint(checkpoint)
    other.on_load_checkpoint(checkpoint)
    assert other.aligned == ["Age"]
    assert other.depth == 2
