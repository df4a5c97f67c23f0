"""Data: from studies as they were acquired to batches of planes."""
