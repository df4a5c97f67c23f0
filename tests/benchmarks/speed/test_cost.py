from benchmarks.speed.cost import Cost, memory_row, run_steps, speed_row

THEIRS, OURS = Cost(seconds=24.0, memory=6_000_000_000, batch=1), Cost(seconds=8.0, memory=2_400_000_000, batch=2)


def test_ratios_are_those_of_one_subject():
    assert speed_row("x", THEIRS, OURS)[:4] == ("x: seconds a subject", "24.00", "4.00", "6.0 x faster")
    assert memory_row("x", THEIRS, OURS)[1:4] == ("6.00", "2.40", "0.40")


def test_the_median_step_counts_and_the_first_one_warms_up():
    cost = run_steps(lambda planes, batch, steps: [0.0, 1.0, 11.0, 13.0][:steps], 1, 2, 3)
    assert (cost.seconds, cost.speed, cost.batch) == (2.0, 1.0, 2)
