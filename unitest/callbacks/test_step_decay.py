"""Learning rates that fall by steps of epochs."""

import keras
import numpy as np
import pytest

from comparators.callbacks import StepDecay


@pytest.mark.parametrize(("first", "every", "factor"), [(10, 5, 0.5), (5, 1, 0.85), (0, 3, 0.1)])
def test_rates_are_those_of_milestones(first, every, factor):
    decay = StepDecay(3e-4, first, every, factor)
    milestones = range(first, 1000, every)
    for epoch in range(30):
        expected = 3e-4
        for milestone in milestones:
            expected *= factor if milestone <= epoch else 1
        assert decay.rate(epoch) == pytest.approx(expected, rel=1e-12)


def test_the_model_is_trained_with_the_rate():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((2, 2), "float32")
    history = model.fit(x, x[:, :1], epochs=4, initial_epoch=1, verbose=0, callbacks=[StepDecay(0.1, 2)])
    np.testing.assert_allclose(history.history["learning_rate"], [0.1, 0.05, 0.025], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0.0, 1), "`learning_rate` must be positive"), ((1.0, -1), "`first_epoch`"), ((1.0, 1, 0), "`every`")],
)
def test_what_is_out_of_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        StepDecay(*arguments)
