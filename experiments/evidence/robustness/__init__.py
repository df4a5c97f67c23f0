"""What missing and flawed planes do to ways of reading phenotypes and labels: docs/robustness.md."""
