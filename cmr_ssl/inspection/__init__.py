"""Detect flawed planes of a study: each is compared with the prediction from the rest of the heart."""
