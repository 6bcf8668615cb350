"""`comparators gallery`."""

import click


@click.group()
def gallery():
    """Later.

    comparators gallery a
    """
