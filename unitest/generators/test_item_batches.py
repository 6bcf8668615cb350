"""What all datasets of items share: views, targets, order in `fit`, workers, resuming, and the fast path."""

import importlib.util
import itertools
import pickle

import keras
import numpy as np
import pandas as pd
import pytest

from comparators.generators import (
    ArrayItems,
    AudioItems,
    DistinctSampler,
    Groups,
    GroupSampler,
    ImageGroups,
    ImageItems,
    ImageReader,
    Pairs,
    PairTable,
    Rows,
    Triplets,
    TwoViews,
)
from comparators.generators.item_batches import ItemBatches

LABELS = np.repeat(["ann", "bob", "eve", "joe", "kim"], 6)
ARRAYS = np.arange(30, dtype=np.float32)[:, None]
LENGTHS = np.arange(30) % 7 + 1
ROWS = np.column_stack([np.arange(14), np.arange(14, 28), np.arange(3, 17)])
TABLE = pd.DataFrame({"item_a": np.arange(14), "item_b": np.arange(14, 28), "same": np.linspace(0, 1, 14)})
needs_tensorflow = pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow")

DATASETS = {
    "groups": lambda items, **rest: Groups(items, GroupSampler(LABELS, 2, 4), **rest),
    "pairs": lambda items, **rest: Pairs(items, LABELS, 8, **rest),
    "pair table": lambda items, **rest: PairTable(items, TABLE, 4, **rest),
    "triplets": lambda items, **rest: Triplets(items, LABELS, 15, **rest),
    "rows": lambda items, **rest: Rows(items, ROWS, DistinctSampler(ROWS, 4), **rest),
    "two views": lambda items, **rest: TwoViews(items, 8, **rest),
}
every_dataset = pytest.mark.parametrize("make", DATASETS.values(), ids=DATASETS.keys())


def same(one, other) -> bool:
    one, other = keras.tree.flatten(one), keras.tree.flatten(other)
    return len(one) == len(other) and all(
        np.array_equal(a, b) and np.asarray(a).dtype == np.asarray(b).dtype for a, b in zip(one, other, strict=True)
    )


def test_views_and_targets():
    items = ArrayItems(ARRAYS)
    (a, b), targets = Pairs(items, LABELS, 8)[0]
    assert targets.dtype == np.float32
    assert (targets == (LABELS[a[:, 0].astype(int)] == LABELS[b[:, 0].astype(int)])).all()
    triplets, codes = Triplets(items, LABELS, 15)[1]
    assert codes.dtype == np.int32
    names = [LABELS[view[:, 0].astype(int)] for view in triplets]
    assert (names[0] == names[1]).all()
    assert (names[0] != names[2]).all()
    assert (Triplets(items, LABELS, 15).label_names[codes] == names[0]).all()
    (a, b), numbers = TwoViews(items, 8)[0]
    assert numbers.dtype == np.int32
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(a[:, 0], numbers)
    (a, b), score = PairTable(items, TABLE, 4)[0]
    np.testing.assert_array_equal(b - a, 14)
    np.testing.assert_array_equal(score, np.linspace(0, 1, 14).astype("float32")[a[:, 0].astype(int)])


def test_views_with_lengths():
    (a, b), _ = Pairs(ArrayItems(ARRAYS, LENGTHS), LABELS, 8)[0]
    for view in (a, b):
        assert view.keys() == {"features", "lengths"}
        np.testing.assert_array_equal(view["lengths"], LENGTHS[view["features"][:, 0].astype(int)])


def test_all_rows_of_a_pair_table_come_once_in_another_order():
    table = PairTable(ArrayItems(ARRAYS), TABLE, 4)
    assert len(table) == 4
    assert [len(table.batch(0, index)[1]) for index in range(4)] == [4, 4, 4, 2]
    epochs = [np.concatenate([table.batch(epoch, index)[0][0][:, 0] for index in range(4)]) for epoch in range(3)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(14))
    assert len({epoch.tobytes() for epoch in epochs}) == 3


def test_two_views_are_of_whole_batches_and_what_is_left_out_comes_first():
    views = TwoViews(ArrayItems(ARRAYS), 8)
    assert len(views) == 3
    epochs = [np.concatenate([views.batch(epoch, index)[1] for index in range(3)]) for epoch in range(6)]
    for before, after in itertools.pairwise(epochs):
        assert len(set(before)) == 24
        assert set(after[:6]) == set(range(30)) - set(before)


def test_two_views_of_recordings_are_other_windows(recordings):
    (a, b), _ = TwoViews(AudioItems(recordings, 0.01), 20)[0]
    assert a["waveforms"].shape == b["waveforms"].shape == (20, 160)
    assert (a["waveforms"][:, 0] != b["waveforms"][:, 0]).mean() > 0.9


def test_pairs_of_files(recordings, images):
    (a, b), target = Pairs(AudioItems(recordings, (0.01, 0.02)), recordings.label, 16, same_fraction=0.25)[0]
    assert a["waveforms"].shape == b["waveforms"].shape
    assert a["lengths"].shape == target.shape == (16,)
    (a, b), target = Pairs(ImageItems(images, ImageReader((5, 6), mode="grey")), images.label, 12)[0]
    assert a.shape == b.shape == (12, 5, 6, 1)
    np.testing.assert_array_equal(target, a[:, 0, 0, 0] // 30 == b[:, 0, 0, 0] // 30)


def test_image_groups(images):
    groups = ImageGroups(images, 3, 2, ImageReader((5, 6)), passes_per_epoch=2)
    assert len(groups) == 2
    assert groups.label_names.tolist() == list("abcd")
    pictures, codes = groups[1]
    assert pictures.shape == (6, 5, 6, 3)
    np.testing.assert_array_equal(pictures[:, 0, 0, 0] // 30, codes)
    with pytest.raises(ValueError, match=r"`table` must have a column `label`. Received: path. .*needs a sub-folder"):
        ImageGroups(images[["path"]], 3, 2, ImageReader((5, 6)))
    with pytest.raises(
        ValueError, match=r"must not be more than the labels there are: 4. Received: labels_per_batch=5"
    ):
        ImageGroups(images, 5, 2, ImageReader((5, 6)))
    with pytest.raises(ValueError, match=r"must have a label. Received: 1 without, the first in row 11"):
        ImageGroups(images.assign(label=[*"aaabbbccddd", None]), 3, 2, ImageReader((5, 6)))


@every_dataset
def test_pure_function_of_epoch_and_index(make):
    batches = make(ArrayItems(ARRAYS))
    copy = pickle.loads(pickle.dumps(batches))
    for epoch, index in [(2, 1), (0, 0), (2, 1), (1, 0)]:
        assert same(copy.batch(epoch, index), batches.batch(epoch, index))
    assert not same(batches.batch(0, 0), batches.batch(1, 0))


@every_dataset
@needs_tensorflow
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("redraw", [True, False])
def test_tf_dataset_gives_the_same_bits(make, lengths, redraw):
    batches = make(ArrayItems(ARRAYS, lengths), start_epoch=3, redraw=redraw)
    size = len(batches)
    for number, batch in enumerate(itertools.islice(batches.as_tf_dataset(), 3 * size)):
        expected = batches.batch(3 + (number // size if redraw else 0), number % size)
        assert same(keras.tree.map_structure(lambda tensor: tensor.numpy(), batch), expected)
        assert isinstance(batch[0], tuple) == isinstance(expected[0], tuple)


@needs_tensorflow
def test_tf_dataset_of_many_batches_the_last_of_them_smaller():
    pairs = Pairs(ArrayItems(np.arange(100)), np.arange(100) % 7, 3)
    assert len(pairs) == 34
    for number, batch in enumerate(itertools.islice(pairs.as_tf_dataset(), 80)):
        assert same(keras.tree.map_structure(lambda tensor: tensor.numpy(), batch), pairs.batch(*divmod(number, 34)))


def test_tf_dataset_is_for_arrays(images):
    pairs = Pairs(ImageItems(images, ImageReader((5, 6))), images.label, 6)
    with pytest.raises(
        TypeError, match=r"gathers arrays in memory. Received: items=ImageItems. Hand the dataset itself"
    ):
        pairs.as_tf_dataset()


class FirstRow(keras.metrics.Metric):
    """The output for the first row of the last batch."""

    def __init__(self):
        super().__init__(name="first_row")
        self.value = self.add_weight(shape=(), initializer="zeros", name="value")

    def update_state(self, targets, outputs, sample_weight=None):
        self.value.assign(keras.ops.cast(outputs[0, 0], "float32"))

    def result(self):
        return self.value + 0


def seen_in_fit(batches, views: int, epochs: int) -> list[int]:
    """Trains a model without weights that change, whose output tells the items of a row, and returns what it saw."""
    inputs = tuple(keras.Input((1,)) for _ in range(views))
    number = sum(100**view * value for view, value in enumerate(inputs))
    model = keras.Model(inputs if views > 1 else inputs[0], keras.layers.Dense(1, kernel_initializer="ones")(number))
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=[FirstRow()])
    seen = []
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(round(logs["first_row"])))
    model.fit(batches, epochs=epochs, verbose=0, callbacks=[note])
    return seen


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", DATASETS)
def test_fit_takes_the_batches_in_order_and_resumes(name, workers):
    views = {"groups": 1, "rows": 3, "triplets": 3}.get(name, 2)
    batches = DATASETS[name](ArrayItems(ARRAYS), workers=workers)

    def expected(epoch: int, index: int) -> int:
        inputs = batches.batch(epoch, index)[0]
        return sum(100**view * int(value[0, 0]) for view, value in enumerate(inputs if views > 1 else [inputs]))

    wanted = [expected(epoch, index) for epoch in range(3) for index in range(len(batches))]
    assert seen_in_fit(batches, views, epochs=2) == wanted[: 2 * len(batches)]
    resumed = DATASETS[name](ArrayItems(ARRAYS), workers=workers, start_epoch=2)
    assert seen_in_fit(resumed, views, epochs=1) == wanted[2 * len(batches) :]


@pytest.mark.parametrize("workers", [1, 2])
def test_fit_on_images(images, workers):
    pairs = Pairs(ImageItems(images, ImageReader((5, 6))), images.label, 5, workers=workers)
    inputs = keras.Input((5, 6, 3)), keras.Input((5, 6, 3))
    dense = keras.layers.Dense(2)
    a, b = (dense(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(view))) for view in inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(keras.ops.abs(a - b)))
    model.compile("sgd", "binary_crossentropy")
    history = model.fit(pairs, epochs=3, validation_data=Pairs(pairs.items, images.label, 12, redraw=False), verbose=0)
    assert np.isfinite(history.history["loss"] + history.history["val_loss"]).all()
    assert pairs.epoch == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pairs(ArrayItems(ARRAYS), LABELS[:5], 4), r"`labels` must have one entry for each of the 30 items"),
        (lambda: Triplets(ArrayItems(ARRAYS), LABELS[:5], 4), r"`labels` must have one entry .* 30 items. Received: 5"),
        (lambda: TwoViews(ArrayItems(ARRAYS), 31), r"`batch_size` must not be more than 30, the number of items"),
        (lambda: TwoViews(ArrayItems(ARRAYS), 0), r"`batch_size` must be a positive integer. Received: batch_size=0"),
        (lambda: PairTable(ArrayItems(ARRAYS), TABLE, 15), r"not be more than 14, the number of pairs"),
        (
            lambda: PairTable(ArrayItems(ARRAYS), TABLE.drop(columns="same"), 4),
            r"must have a column `same`. Received: item_a, item_b. `read_pair_table` makes such a table",
        ),
        (
            lambda: PairTable(ArrayItems(ARRAYS[:27]), TABLE, 4),
            r"`item_b` must be the position of an item, from 0 to 26. Received: .*27.* in row 13",
        ),
        (
            lambda: PairTable(ArrayItems(ARRAYS), TABLE.assign(same=["yes"] + [1.0] * 12 + [None]), 4),
            r"`same` must be 1 or 0, or a score. Received: 'yes' in rows 0, 13. `read_pair_table` also reads",
        ),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_base_draws_nothing():
    with pytest.raises(NotImplementedError, match=r"`ItemBatches` must define `draw\(epoch, index\)`"):
        ItemBatches(ArrayItems(ARRAYS), GroupSampler(LABELS, 2, 2))[0]
