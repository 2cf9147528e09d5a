"""One module per stage or command: parse, read, call one function, write, log."""

from time import perf_counter

from competition.common.environment import prepare_environment

BEGAN = perf_counter()  # the command, before it imports anything large
prepare_environment()  # before a command's module imports what reads it
