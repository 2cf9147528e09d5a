"""One module per stage or command: parse, read, call one function, write, log."""

from competition.common.environment import prepare_environment

prepare_environment()  # before a command's module imports what reads it
