"""What pretraining is worth downstream: the comparisons of docs/evidence.md. `python -m benchmarks.evidence --help`."""
