"""One module per stage or command: parse, read, call one function, write, log."""
