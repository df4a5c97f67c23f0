"""Trained models in forms that others load: a folder of safetensors with a card, and ONNX."""
