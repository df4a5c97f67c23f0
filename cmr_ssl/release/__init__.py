"""Release check: personal information in checkpoints, tables and figures."""
