"""Do intervals hold what they promise, and how well does a second scan repeat the first: docs/reliability.md."""
