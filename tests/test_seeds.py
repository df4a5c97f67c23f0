from cmr_ssl.seeds import seed_of, subject_seeds


def test_a_seed_depends_on_every_part_and_neither_on_the_machine_nor_on_the_batch():
    seeds = [seed_of("a", "b", 1), seed_of("a", "b", 2), seed_of("b", "a", 1), seed_of("ab", 1), seed_of("a", "b1")]
    assert len(set(seeds)) == 5
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seed_of(0, "mask", 3, "900000001") == 3337821697127162683
    assert subject_seeds(["x", "y"], 0, "mask")[1] == subject_seeds(["y"], 0, "mask")[0]
