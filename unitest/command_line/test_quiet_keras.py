"""Keras is imported without its backend's chatter, and stderr works afterwards."""

import os
import subprocess
import sys

PROGRAM = """
import sys
from comparators.command_line.quiet_keras import import_keras
import_keras()
import keras
print(keras.ops.convert_to_numpy(keras.ops.ones(1))[0])
print("still heard", file=sys.stderr)
"""


def test_nothing_is_written_to_stderr_by_the_import():
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=True
    )
    assert result.stdout == "1.0\n"
    assert result.stderr == "still heard\n"
