"""Apply a trained model to studies: load it, prepare studies as its training did, and say what it makes of them."""
