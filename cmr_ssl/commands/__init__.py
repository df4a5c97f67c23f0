"""One file a command: its options are the signature of a function of its name; nothing imports a command."""
