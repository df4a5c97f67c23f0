"""The robustness benchmark: what missing and flawed planes do to embeddings, phenotypes and label maps."""
