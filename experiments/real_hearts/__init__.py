"""What pretraining is worth on real hearts: cross-validated by patient; see `__main__`."""
