"""Pages about subjects and their cohort that open from disk: numbers beside reference values, curves, beating hearts."""
