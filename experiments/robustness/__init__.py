"""What missing and flawed planes do to models that were trained in different ways: docs/robustness.md."""
