"""The notebooks run from their first cell to their last, in the fast setting; the committed ones hold their outputs."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.ipynb"))
MACHINE_PATHS = re.compile(r"(?<![\w.])/(work|home|root|Users|mnt|opt|tmp|usr)/")
MAX_BYTES = 1_500_000


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def texts(cell: nbformat.NotebookNode) -> list[str]:
    """Returns what a cell shows as text."""
    return [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]


def test_there_is_a_notebook():
    assert NOTEBOOKS


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_on_the_bundled_recordings(path, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPARATORS_FAST", "1")
    monkeypatch.delenv("COMPARATORS_DATA", raising=False)
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_with_outputs_and_pictures(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run all cells, in order"
    pictures = [output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 5
    assert path.stat().st_size <= MAX_BYTES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_kept_outputs_hold_no_warnings_and_no_machine_paths(path):
    for cell in code_cells(path):
        assert all(output.get("name") != "stderr" and output.output_type != "error" for output in cell.outputs)
        for text in [cell.source, *texts(cell)]:
            assert not MACHINE_PATHS.search(text), text
            assert "warning" not in text.lower(), text
