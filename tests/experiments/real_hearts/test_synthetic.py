"""Synthetic patients are of every kind and from every scanner, and none is made twice."""

from experiments.real_hearts import synthetic


def test_kinds_and_scanners_come_in_turn_and_what_is_there_stays(tmp_path, monkeypatch):
    made = []

    def write(out, order, index):
        made.append((order.pathology, order.scanner.name))
        (out / synthetic.subject_id(index)).mkdir()

    monkeypatch.setattr(synthetic, "write_subject", write)
    synthetic.write(tmp_path, 10)
    synthetic.write(tmp_path, 10)
    assert len(made) == len({*made}) == len(synthetic.KINDS) * len(synthetic.SCANNERS) == 10
