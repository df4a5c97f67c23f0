"""Pages about subjects and their cohort that open from disk: values beside reference values, curves, beating hearts."""
