"""The streaming equal error rates against the exact one, in training and through their configs."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from comparators.callbacks import EqualErrorRate, PairEqualErrorRate
from comparators.metrics import equal_error_rate, pair_scores


def clouds(num_items, num_labels, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.arange(num_items) % num_labels)
    embeddings = 2 * rng.normal(size=(num_labels, 6))[codes] + rng.normal(size=(num_items, 6))
    return embeddings.astype("float32"), codes.astype("int32")


def batch_pairs(batches):
    parts = [pair_scores(embeddings, codes) for embeddings, codes in batches]
    return np.concatenate([scores for scores, _ in parts]), np.concatenate([same for _, same in parts])


@pytest.mark.parametrize("num_bins", [50, 2000])
def test_in_batch_pairs_of_all_batches_within_the_stated_bound(num_bins):
    batches = [clouds(40, 8, seed) for seed in range(5)]
    metric = EqualErrorRate(num_bins)
    for embeddings, codes in batches:
        metric.update_state(codes, embeddings)
    scores, same = batch_pairs(batches)
    value, exact = float(metric.result()), equal_error_rate(scores, same)
    assert abs(value - exact) <= crossing_bin_share(scores, same, num_bins) + 1e-5
    metric.reset_state()
    metric.update_state(*batches[0][::-1])
    assert float(metric.result()) == pytest.approx(equal_error_rate(*pair_scores(*batches[0])), abs=2 / num_bins + 0.02)


def crossing_bin_share(scores, same, num_bins):
    """The smaller of the two shares of pairs in the bin where the rates cross: the bound that the docstring states."""
    edges = np.linspace(-1, 1, num_bins + 1)
    shares = [np.histogram(np.clip(scores[kind], -1, 1), edges)[0] / kind.sum() for kind in (same, ~same)]
    frr, far = np.cumsum(shares[0]), 1 - np.cumsum(shares[1])
    crossing = int(np.argmax(frr >= far))
    # Scores on an edge may fall to either side of it in float32.
    return min(max(share[max(crossing - 1, 0) : crossing + 2]) for share in shares)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_pairs_within_the_stated_bound(seed):
    rng = np.random.default_rng(seed)
    same = np.arange(400) % 4 == 0
    scores = np.clip(0.3 * rng.normal(size=400) + 0.4 * same, -0.999, 0.999).astype("float32")
    metric = PairEqualErrorRate()
    metric.update_state(same.astype("int32"), scores)
    exact = equal_error_rate(scores, same)
    assert abs(float(metric.result()) - exact) <= crossing_bin_share(scores, same, 2000) + 1e-5


def test_scores_on_bin_edges_give_the_exact_value():
    scores = np.array([0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0], "float32")
    same = np.array([0, 0, 1, 0, 1, 1, 1])
    metric = PairEqualErrorRate(minimum=0.0, maximum=4.0, num_bins=4)
    metric.update_state(same[:3], scores[:3])
    metric.update_state(same[3:, None], scores[3:, None])
    assert float(metric.result()) == pytest.approx(equal_error_rate(scores, same), abs=1e-6)


def test_scores_out_of_range_count_in_the_last_bins():
    metric = PairEqualErrorRate(0.0, 1.0, 10)
    metric.update_state([0, 1], [-5.0, 7.0])
    assert float(metric.result()) == 0.0
    metric.update_state([1, 0], [-5.0, 7.0])
    assert float(metric.result()) == pytest.approx(0.5)


def test_weights_count_like_copies_and_zero_leaves_out():
    metric, copies = PairEqualErrorRate(), PairEqualErrorRate()
    scores, same = np.array([0.1, 0.4, 0.3, 0.8], "float32"), np.array([0, 0, 1, 1])
    metric.update_state(same, scores, sample_weight=np.array([1, 2, 3, 0]))
    copies.update_state(np.repeat(same, [1, 2, 3, 0]), np.repeat(scores, [1, 2, 3, 0]))
    assert float(metric.result()) == pytest.approx(float(copies.result()))
    embeddings, codes = clouds(20, 4)
    items, fewer = EqualErrorRate(), EqualErrorRate()
    items.update_state(codes, embeddings, sample_weight=(np.arange(20) < 12).astype("float32"))
    fewer.update_state(codes[:12], embeddings[:12])
    assert float(items.result()) == pytest.approx(float(fewer.result()))


def test_nothing_seen_or_nan_gives_nan():
    metric = EqualErrorRate()
    assert np.isnan(float(metric.result()))
    metric.update_state([0, 0], np.eye(2, dtype="float32"))
    assert np.isnan(float(metric.result()))  # no pair of different labels yet
    embeddings, codes = clouds(12, 3)
    metric.update_state(codes, embeddings)
    assert np.isfinite(float(metric.result()))
    embeddings[3] = np.nan
    metric.update_state(codes, embeddings)
    assert np.isnan(float(metric.result()))


@pytest.mark.parametrize(
    "metric", [EqualErrorRate(num_bins=77, name="rate"), PairEqualErrorRate(-2.0, 3.0, 50, name="other")]
)
def test_config_round_trip(metric):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()
    assert keras.saving.get_registered_name(type(metric)).startswith("comparators>")


def test_in_compile_fit_evaluate_and_a_saved_file(tmp_path):
    x, codes = clouds(96, 8)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=[EqualErrorRate()])
    history = model.fit(x, codes, batch_size=32, epochs=2, verbose=0, validation_data=(x, codes), shuffle=False).history
    assert len(history["batch_eer"]) == len(history["val_batch_eer"]) == 2
    value = model.evaluate(x, codes, batch_size=32, verbose=0, return_dict=True)["batch_eer"]
    rows = ops.convert_to_numpy(model.predict(x, verbose=0))
    exact = equal_error_rate(*batch_pairs([(rows[i : i + 32], codes[i : i + 32]) for i in (0, 32, 64)]))
    assert value == pytest.approx(exact, abs=0.01)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.evaluate(x, codes, batch_size=32, verbose=0, return_dict=True)["batch_eer"] == pytest.approx(value)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"`num_bins` must be at least 2. Received: num_bins=1"):
        EqualErrorRate(num_bins=1)
    with pytest.raises(ValueError, match=r"`minimum` must be below `maximum`. Received: minimum=1.0, maximum=0.0"):
        PairEqualErrorRate(1.0, 0.0)
