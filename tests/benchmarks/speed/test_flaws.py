from benchmarks.speed import flaws


def test_flaws_are_made_and_take_time_beside_the_masks():
    plain, robust = flaws.seconds(4, draws=2), flaws.seconds(4, f"--config={flaws.ADDITION}", draws=2)
    assert 0 < plain < robust
