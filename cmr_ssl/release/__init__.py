"""What must not leave with a checkpoint, a table or a figure: participants, paths, tables of subjects."""
