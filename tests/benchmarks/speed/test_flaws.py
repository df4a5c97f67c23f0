from benchmarks.step import Cost

from benchmarks import flaws


def test_masks_and_flaws_are_timed_beside_the_step(monkeypatch):
    monkeypatch.setattr(flaws, "DRAWS", 2)
    monkeypatch.setattr(flaws, "our_cost", lambda planes, batch, rounds: Cost(0.01, 0, batch))
    plain, robust = (float(row.ours.rstrip("%")) for row in flaws.rows(4, 1))
    assert 0 < plain < robust


def test_flaws_are_really_made(monkeypatch):
    made = []
    monkeypatch.setattr("cmr_ssl.tasks.pretraining.corrupt", lambda flaws, batch, draws: made.append(len(flaws)))
    monkeypatch.setattr(flaws, "DRAWS", 1)
    flaws.seconds(4, f"--config={flaws.ADDITION}")
    assert made == [8, 8]
