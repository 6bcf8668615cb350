"""`comparators recognize`."""

import click


@click.command()
def recognize():
    """Later.

    comparators recognize a
    """
