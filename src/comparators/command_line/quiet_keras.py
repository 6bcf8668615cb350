"""Keras without its backend's chatter."""

import logging
import os
import sys


def import_keras() -> None:
    """Imports Keras and its backend, without what TensorFlow writes to stderr meanwhile and later.

    TensorFlow's import no longer heeds TF_CPP_MIN_LOG_LEVEL (2.17 to 2.21), so stderr itself is turned away. A user who
    set that variable sees everything.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ or "keras" in sys.modules:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import keras  # noqa: F401
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
