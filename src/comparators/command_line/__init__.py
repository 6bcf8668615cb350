"""The program `comparators`: one file a command. Help is shown without loading Keras."""

from comparators.command_line.program import main

__all__ = ["main"]
