"""The examples in the docstrings run."""

import doctest
import importlib


def test_examples_of_the_docstrings_run(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = doctest.testmod(
        importlib.import_module(module.name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    )
    assert results.failed == 0, f"{results.failed} of {results.attempted} examples of {module.name} fail"
