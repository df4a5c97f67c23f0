"""A synthetic cohort: beating whole hearts of exactly known volumes, sliced and filed as UK Biobank does it."""
