"""`comparators enroll`."""

import click


@click.command()
def enroll():
    """Later.

    comparators enroll a
    """
