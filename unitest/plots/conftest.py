"""No window opens and no figure stays open in the tests of the pictures."""

import matplotlib
import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def figures_without_window():
    backend, settings = matplotlib.get_backend(), dict(matplotlib.rcParams)
    plt.switch_backend("Agg")
    settings["backend"] = matplotlib.rcParams["backend"]
    yield
    assert dict(matplotlib.rcParams) == settings
    plt.close("all")
    plt.switch_backend(backend)
