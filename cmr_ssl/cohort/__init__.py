"""Tables of a cohort: its subjects, their phenotypes, splits, relatives and withdrawals."""
