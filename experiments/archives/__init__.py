"""UK Biobank's way on synthetic archives with known faults, from zips to a pretraining: docs/archives.md."""
