"""What aligning images with tables is worth: retrieval, phenotypes, diagnoses and risk, on the synthetic cohort."""
