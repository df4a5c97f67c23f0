"""The page a data manager wants of a prepared cohort: how many, why not more, and what the worst look like."""
