"""Apply a trained model to studies that are prepared as in its training."""
