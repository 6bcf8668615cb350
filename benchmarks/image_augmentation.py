"""Measures `RandomAffine` beside the layers of Keras that do the same one after the other.

    KERAS_BACKEND=jax python benchmarks/image_augmentation.py

Prints CPU milliseconds for a batch, the median of 15 calls of a compiled function (eager on PyTorch), on one core.
"""

import time
from collections.abc import Callable

import keras
import numpy as np

from comparators.custom_layers import RandomAffine

SHAPES = ((64, 28, 28, 1), (64, 105, 105, 1), (16, 128, 128, 3))


def ours() -> list[keras.layers.Layer]:
    return [RandomAffine(15, scale_range=(0.8, 1.2), shear_degrees=6, shift_fraction=0.1)]


def layers_of_keras() -> list[keras.layers.Layer]:
    outside = {"fill_mode": "constant", "fill_value": 0.0}
    return [
        keras.layers.RandomRotation(15 / 360, **outside),
        keras.layers.RandomZoom((-0.2, 0.2), **outside),
        keras.layers.RandomShear(0.1, 0.0, **outside),
        keras.layers.RandomTranslation(0.1, 0.1, **outside),
    ]


def compiled(layers: list[keras.layers.Layer], images: np.ndarray) -> Callable[[], object]:
    """Returns a function without arguments that augments the images and waits for the result."""
    model = keras.Sequential([keras.Input(images.shape[1:]), *layers])
    tensor = keras.ops.convert_to_tensor(images)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        function = tf.function(lambda pixels: model(pixels, training=True))
        return lambda: function(tensor).numpy()
    if keras.backend.backend() == "jax":
        import jax

        trained = [variable.value for variable in model.trainable_variables]
        others = [variable.value for variable in model.non_trainable_variables]
        # The seeds are an argument: as constants, all draws would be computed while compiling.
        function = jax.jit(lambda seeds, pixels: model.stateless_call(trained, seeds, pixels, training=True)[0])
        return lambda: function(others, tensor).block_until_ready()
    return lambda: model(tensor, training=True)


def milliseconds(run: Callable[[], object], repeats: int = 15) -> float:
    run(), run()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return 1000 * float(np.median(times))


def main() -> None:
    print("| backend | batch | `RandomAffine` | four layers of Keras |\n|---|---|---|---|")
    for shape in SHAPES:
        images = np.random.default_rng(0).uniform(0, 255, shape).astype("float32")
        values = [milliseconds(compiled(layers(), images)) for layers in (ours, layers_of_keras)]
        print(f"| {keras.backend.backend()} | {' x '.join(map(str, shape))} | {values[0]:.1f} | {values[1]:.1f} |")


if __name__ == "__main__":
    main()
