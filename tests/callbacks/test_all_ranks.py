import torch.distributed

from cmr_ssl.callbacks.all_ranks import gather_from_all_ranks


def test_rows_of_a_process_alone_and_of_one_in_a_group_are_its_own(tmp_path):
    rows = [("900000001", 1.5), ("900000002", 2.5)]
    assert gather_from_all_ranks(rows) == rows
    torch.distributed.init_process_group("gloo", f"file://{tmp_path / 'meeting'}", rank=0, world_size=1)
    try:
        assert gather_from_all_ranks(rows) == rows
    finally:
        torch.distributed.destroy_process_group()
