"""Speed and memory beside the published design: `make bench`, and on a GPU `make gpu`."""
