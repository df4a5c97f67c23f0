from benchmarks.speed import flaws

SMALL = [f"--model.encoder.init_args.{name}={value}" for name, value in {"width": 64, "depth": 1, "heads": 2}.items()]


def test_flaws_are_made_and_take_time_beside_the_masks():
    plain, robust = (flaws.seconds(4, *more, *SMALL, draws=2) for more in ([], [f"--config={flaws.ADDITION}"]))
    assert 0 < plain < robust
