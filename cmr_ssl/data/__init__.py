"""The cohort as torch and Lightning see it: samples, batches, augmentation, splits."""
