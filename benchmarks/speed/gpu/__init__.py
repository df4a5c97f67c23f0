"""What a GPU makes of this project, in one command that is sized to a quarter of an hour."""
