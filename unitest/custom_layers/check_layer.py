"""One check for every layer that turns a batch into a batch."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import ops


def check_layer(
    layer: keras.layers.Layer,
    inputs: np.ndarray,
    lengths: np.ndarray | None = None,
    output_shape: tuple | None = None,
    training: bool | None = None,
    tolerance: float = 1e-5,
) -> np.ndarray:
    """Checks building, calling, shapes, configuration, saving, half precision, and lengths; returns the outputs.

    Args:
        layer: not called yet.
        inputs: `(batch, ...)` float32.
        lengths: `(batch,)` for a layer that takes them; items then give the same alone and in the batch.
        output_shape: expected.
        training: handed to the layer when it is not None (lengths are then not compared: draws differ).
        tolerance: of all comparisons but those in half precision.
    """
    arguments = {} if training is None else {"training": training}

    def run(some_layer, some_inputs, some_lengths=None):
        more = arguments if some_lengths is None else arguments | {"lengths": some_lengths}
        return ops.convert_to_numpy(some_layer(some_inputs, **more))

    outputs = run(layer, inputs, lengths)
    assert np.isfinite(outputs).all()
    if output_shape is not None:
        assert outputs.shape == output_shape
    assert tuple(layer.compute_output_shape(inputs.shape)) == outputs.shape
    check_symbolic(layer, inputs, lengths, outputs.shape, arguments)
    check_config(layer)
    if training is None:
        check_saving(layer, inputs, lengths, run(layer, inputs, lengths), tolerance)
        if lengths is not None:
            check_lengths(layer, inputs, lengths, outputs, run, tolerance)
    check_precision(layer, inputs, lengths, run)
    return outputs


def check_symbolic(layer, inputs, lengths, shape, arguments) -> None:
    """A symbolic call gives the shape that a real one has, with and without known sizes."""
    more = dict(arguments)
    if lengths is not None:
        more["lengths"] = keras.Input((), dtype="int32")
    symbolic = layer(keras.Input(inputs.shape[1:], dtype=inputs.dtype), **more)
    assert tuple(symbolic.shape) == (None, *shape[1:])
    unknown = layer(keras.Input((None, *inputs.shape[2:]), dtype=inputs.dtype), **more)
    assert len(unknown.shape) == len(shape)


def check_config(layer) -> None:
    """`get_config` names every constructor argument, and gives an equal layer."""
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert again.get_config() == config
    constructor = type(layer).__init__.__code__
    explicit = constructor.co_varnames[1 : constructor.co_argcount + constructor.co_kwonlyargcount]
    missing = set(explicit) - set(config)
    assert not missing, f"{sorted(missing)} are missing in get_config"
    assert keras.saving.get_registered_name(type(layer)) == f"comparators>{type(layer).__name__}"


def check_saving(layer, inputs, lengths, outputs, tolerance) -> None:
    """A model with the layer gives the same after it was saved and loaded."""
    sources = [keras.Input(inputs.shape[1:], dtype=inputs.dtype)]
    data = [inputs]
    if lengths is not None:
        sources.append(keras.Input((), dtype="int32"))
        data.append(lengths)
    more = {} if lengths is None else {"lengths": sources[1]}
    model = keras.Model(sources, layer(sources[0], **more))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = keras.saving.load_model(path)
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(data)), outputs, atol=tolerance, rtol=tolerance)


def check_lengths(layer, inputs, lengths, outputs, run, tolerance) -> None:
    """What stands in the padding changes nothing, and an item alone gives what it gives in the batch."""
    spoilt = inputs.copy()
    for item, length in zip(spoilt, lengths, strict=True):
        item[length:] = 1e3
    spoilt = run(layer, spoilt, lengths)
    for index, length in enumerate(lengths):
        alone = run(layer, inputs[index : index + 1, :length], lengths[index : index + 1])[0]
        if hasattr(layer, "output_lengths"):
            frames = int(layer.output_lengths(np.int32(length)))
            assert len(alone) == frames
        else:
            frames = None
        for batch in (outputs, spoilt):
            np.testing.assert_allclose(batch[index][:frames], alone, atol=tolerance, rtol=tolerance)


def check_precision(layer, inputs, lengths, run) -> None:
    """Half precision, of the whole program or of the inputs, gives finite numbers."""
    for policy in ("mixed_float16", "mixed_bfloat16"):
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            config = layer.get_config()
            config.pop("dtype")
            half = type(layer).from_config(config)
            for dtype in ("float32", "float16"):
                assert np.isfinite(run(half, inputs.astype(dtype), lengths).astype("float32")).all(), (policy, dtype)
        finally:
            keras.config.set_dtype_policy(before)
