"""What was tried to make pretrained tokens worth more, and did not pay: by hand, on development or older hearts."""

TRIED = """## What was tried beside this

By hand."""
