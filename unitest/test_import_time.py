"""What should start in a moment does not load what takes seconds. Times are not asserted: what is loaded is."""

import pytest

HEAVY = ("keras", "tensorflow", "jax", "torch", "umap", "numba", "librosa", "matplotlib.pyplot", "bokeh")


@pytest.fixture
def loaded_by(fresh_python):
    """Returns which of the heavy modules a fresh process has loaded after a program."""
    report = f"\nimport sys; print('loaded:', *(name for name in {HEAVY!r} if name in sys.modules))"
    return lambda program: fresh_python(program + report).rpartition("loaded:")[2].split()


@pytest.mark.parametrize(
    "program",
    [
        "import comparators; comparators.metrics.equal_error_rate",
        "import comparators, comparators.metrics, comparators.acoustics, comparators.recognition, comparators.plots",
        "import comparators.generators, comparators.custom_layers, comparators.models, comparators.callbacks",
        "import comparators; comparators.KNNRecognizer, comparators.Gallery, comparators.EmbeddingTable",
    ],
)
def test_light_imports_load_nothing_heavy(program, loaded_by):
    assert loaded_by(program) == []


def test_help_of_the_command_line_loads_nothing_heavy(loaded_by):
    program = """
from click.testing import CliRunner
from comparators.command_line import main

for arguments in [[], *([name] for name in main.commands)]:
    result = CliRunner().invoke(main, [*arguments, "--help"])
    if result.exit_code:
        raise SystemExit(result.output)
"""
    assert loaded_by(program) == []
