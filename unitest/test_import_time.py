"""What should start in a moment does not load what takes seconds. Times are not asserted: what is loaded is."""

import subprocess
import sys

import pytest

HEAVY = ("keras", "tensorflow", "jax", "torch", "umap", "numba", "librosa", "matplotlib.pyplot", "bokeh")


def loaded_by(program: str) -> set[str]:
    """Returns which of the heavy modules a fresh process has loaded after a program."""
    program += f"\nimport sys; print('loaded:', *(name for name in {HEAVY!r} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(
    "program",
    [
        "import comparators; comparators.metrics.equal_error_rate",
        "import comparators, comparators.metrics, comparators.acoustics, comparators.recognition, comparators.plots",
        "import comparators.generators, comparators.custom_layers, comparators.models, comparators.callbacks",
        "import comparators; comparators.KNNRecognizer, comparators.Gallery, comparators.EmbeddingTable",
    ],
)
def test_light_imports(program):
    assert loaded_by(program) == set()


@pytest.mark.parametrize("command", ["", "demo", "verify", "embed", "enroll", "recognize", "cluster", "train", "evaluate"])
def test_help_of_the_command_line_loads_no_keras(command):
    arguments = [*command.split(), "--help"]
    program = f"from click.testing import CliRunner\nfrom comparators.command_line import main\n"
    program += f"result = CliRunner().invoke(main, {arguments!r})\nassert result.exit_code == 0, result.output"
    assert loaded_by(program) == set()
