"""One file a command with a function of its name, whose signature declares the options; nothing imports a command."""
