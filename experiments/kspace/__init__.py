"""What undersampled k-space costs each way into a model: docs/kspace.md. The k-space is simulated from magnitudes."""
