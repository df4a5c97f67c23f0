"""Regional measures compared with what synthetic hearts are: docs/measures.md."""
