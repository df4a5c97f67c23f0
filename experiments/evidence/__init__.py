"""What pretraining is worth downstream: the comparisons of docs/evidence.md; see `__main__`."""
