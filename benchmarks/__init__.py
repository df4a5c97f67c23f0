"""Speed and memory beside the published design."""
