import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import GE2E, LogMel
from comparators.models import Encoder, Siamese
from comparators.models.encoders import ChunkedEncoder, LSTMTrunk, WaveformEncoder


def network(*layers, dim=6, seed=0):
    keras.utils.set_random_seed(seed)
    first = keras.layers.Dense(8, activation="tanh")
    return keras.Sequential([keras.Input((dim,)), first, *layers, keras.layers.Dense(3)])


@pytest.fixture
def items():
    labels = np.repeat(np.arange(5), 2)
    return np.random.default_rng(0).normal(size=(10, 6)).astype("float32"), labels


def trained(encoder, items, steps=3, objective=None):
    """Weights and losses after some steps of plain descent: equal gradients give equal weights."""
    model = Encoder(encoder, objective=objective or GE2E())
    model.compile(optimizer=keras.optimizers.SGD(0.5))
    losses = model.fit(*items, batch_size=len(items[1]), shuffle=False, epochs=steps, verbose=0).history["loss"]
    return losses, encoder.get_weights()


@pytest.mark.parametrize("chunk_size", [1, 4, 64])
def test_training_is_that_of_the_whole_batch(items, chunk_size):
    losses, weights = trained(network(), items)
    chunked_losses, chunked_weights = trained(ChunkedEncoder(network(), chunk_size), items)
    np.testing.assert_allclose(chunked_losses, losses, rtol=1e-5)
    for chunked, whole in zip(chunked_weights, weights, strict=True):
        np.testing.assert_allclose(chunked, whole, atol=1e-5)


def test_recomputed_dropout_draws_the_same_numbers(items, gradients):
    """The gradient is that of the value, by differences: only so if both passes drop the same units."""
    encoder = ChunkedEncoder(network(keras.layers.Dropout(0.5, seed=7)), 4)
    kernel = encoder.encoder.layers[0].kernel

    def loss(weights, inputs):
        with keras.StatelessScope([(kernel, weights)]):
            embeddings = encoder(inputs, training=True)
        return ops.sum(ops.square(ops.matmul(embeddings, ops.transpose(embeddings))))

    start = ops.convert_to_numpy(kernel)
    slope_of_weights, slope_of_inputs = gradients(loss, start, items[0])
    random, step = np.random.default_rng(1), 3e-3
    for _ in range(3):
        of_weights, of_inputs = random.normal(size=start.shape), random.normal(size=items[0].shape)
        ahead, back = (
            float(loss(*(np.float32(a + sign * step * d) for a, d in ((start, of_weights), (items[0], of_inputs)))))
            for sign in (1, -1)
        )
        slope = np.sum(slope_of_weights * of_weights) + np.sum(slope_of_inputs * of_inputs)
        assert (ahead - back) / (2 * step) == pytest.approx(slope, rel=1e-2)


def test_each_chunk_draws_its_own_numbers_and_each_step_others():
    dropout = keras.layers.Dropout(0.5, seed=7)
    encoder = ChunkedEncoder(keras.Sequential([keras.Input((8,)), dropout]), 2)
    first, second = (ops.convert_to_numpy(encoder(np.ones((4, 8), "float32"), training=True)) for _ in range(2))
    assert (first[:2] != first[2:]).any()
    assert (first != second).any()


def test_moving_averages_move_once_a_chunk_with_its_statistics(items):
    encoder = ChunkedEncoder(network(keras.layers.BatchNormalization(momentum=0.5)), 5)
    hidden = np.tanh(items[0] @ ops.convert_to_numpy(encoder.encoder.layers[0].kernel))
    trained(encoder, items, steps=1)
    mean = ops.convert_to_numpy(encoder.encoder.layers[1].moving_mean)
    expected = 0.5 * (0.5 * 0 + 0.5 * hidden[:5].mean(axis=0)) + 0.5 * hidden[5:].mean(axis=0)
    np.testing.assert_allclose(mean, expected, atol=1e-5)


def test_losses_of_layers_count(items):
    def regularized(chunk_size):
        encoder = network(keras.layers.ActivityRegularization(l2=0.3))
        return encoder if chunk_size is None else ChunkedEncoder(encoder, chunk_size)

    values = [trained(regularized(chunk_size), items)[0] for chunk_size in (None, 5)]
    np.testing.assert_allclose(*values, rtol=1e-4)


def test_frozen_layers_stay_and_are_not_carried_along(items):
    encoder = ChunkedEncoder(network(keras.layers.BatchNormalization()), 5)
    encoder.encoder.layers[0].trainable = encoder.encoder.layers[1].trainable = False
    before = encoder.encoder.layers[0].get_weights() + encoder.encoder.layers[1].get_weights()
    assert encoder._variables()[1] == []
    trained(encoder, items)
    after = encoder.encoder.layers[0].get_weights() + encoder.encoder.layers[1].get_weights()
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_batches_of_any_size_train_in_one_fit(items):
    """Seven items after ten: on TensorFlow the size is then unknown when the graph is made."""
    inputs = np.concatenate([items[0], items[0][:7]])
    labels = np.concatenate([items[1], items[1][:7]])
    losses = []
    for encoder in (network(), ChunkedEncoder(network(), 4)):
        model = Encoder(encoder, objective=GE2E())
        model.compile(optimizer=keras.optimizers.SGD(0.1))
        losses.append(model.fit(inputs, labels, batch_size=10, shuffle=False, epochs=2, verbose=0).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_a_trunk_alone_can_be_cut(items):
    def encoder(chunk_size):
        keras.utils.set_random_seed(3)
        trunk = LSTMTrunk(units=6, num_layers=1, embedding_dim=4)
        return WaveformEncoder(LogMel(num_mels=16), trunk if chunk_size is None else ChunkedEncoder(trunk, chunk_size))

    waveforms = np.random.default_rng(0).normal(size=(6, 1600)).astype("float32") * 0.1
    inputs = {"waveforms": waveforms, "lengths": np.array([1600, 1200, 1600, 800, 1600, 1000])}
    results = []
    for chunk_size in (None, 4):
        whole = encoder(chunk_size)
        results.append(
            [*trained(whole, (inputs, np.array([0, 0, 1, 1, 2, 2])))[1], ops.convert_to_numpy(whole(inputs))]
        )
    for chunked, plain in zip(*results, strict=True):
        np.testing.assert_allclose(chunked, plain, atol=1e-5)
    assert Encoder(encoder(4)).fingerprint == Encoder(encoder(None)).fingerprint


def test_pairs_of_a_siamese_network_train(items):
    model = Siamese(ChunkedEncoder(network(), 4))
    model.compile(optimizer="adam", loss="binary_crossentropy")
    history = model.fit((items[0][:5], items[0][5:]), np.array([1.0, 0, 1, 0, 1]), batch_size=5, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_half_precision_gives_float32_embeddings_and_close_gradients(items):
    results = []
    for policy in ("float32", "mixed_bfloat16"):
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            encoder = ChunkedEncoder(network(keras.layers.BatchNormalization()), 5)
            results.append(trained(encoder, items, steps=1))
            assert keras.backend.standardize_dtype(encoder(items[0]).dtype) == "float32"
        finally:
            keras.config.set_dtype_policy(before)
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=0.05)
    assert all(np.isfinite(weights).all() for weights in results[1][1])


def test_embeddings_fingerprint_and_file_are_those_of_the_encoder(items, tmp_path):
    encoder = network(keras.layers.Dropout(0.3))
    plain, chunked = Encoder(encoder), Encoder(ChunkedEncoder(encoder, 4), objective=GE2E())
    np.testing.assert_array_equal(chunked.embed(items[0]), plain.embed(items[0]))
    assert chunked.fingerprint == plain.fingerprint
    chunked.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.encoder.chunk_size == 4
    assert again.fingerprint == plain.fingerprint
    np.testing.assert_allclose(again.embed(items[0]), plain.embed(items[0]), atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow's XLA cannot compile it")
def test_keras_leaves_out_xla_even_where_it_is_asked_for(items):
    model = Encoder(ChunkedEncoder(network(), 4), objective=GE2E())
    with pytest.warns(UserWarning, match="jit"):
        model.compile("adam", jit_compile=True)
    assert np.isfinite(model.fit(*items, batch_size=10, verbose=0).history["loss"]).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="chunk_size=0"):
        ChunkedEncoder(network(), 0)
