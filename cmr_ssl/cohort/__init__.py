"""Who belongs to a cohort and what is known of them: tables of people, splits, relatives, withdrawals."""
