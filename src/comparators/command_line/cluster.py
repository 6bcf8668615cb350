"""`comparators cluster`."""

import click


@click.command()
def cluster():
    """Later.

    comparators cluster a
    """
