import pickle

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile

from comparators.acoustics import SpeechDetector
from comparators.generators import AudioGroups, AudioReader

pytestmark = pytest.mark.filterwarnings("ignore:.*have one item")


def same(one, other) -> bool:
    return all(
        np.array_equal(a, b) and a.dtype == b.dtype
        for a, b in zip(keras.tree.flatten(one), keras.tree.flatten(other), strict=True)
    )


def test_shapes_and_types(recordings):
    inputs, labels = AudioGroups(recordings, 3, 4, window_seconds=0.1)[0]
    assert inputs["waveforms"].shape == (12, 1_600)
    assert inputs["waveforms"].dtype == np.float32
    assert inputs["lengths"].dtype == labels.dtype == np.int32
    assert (labels.reshape(3, 4) == labels.reshape(3, 4)[:, :1]).all()


def test_each_window_is_a_part_of_a_recording_of_its_label(recordings):
    groups = AudioGroups(recordings, 6, 5, window_seconds=0.12)
    starts = set()
    for epoch in range(5):
        inputs, labels = groups.batch(epoch, 0)
        for samples, length, label in zip(inputs["waveforms"], inputs["lengths"], labels, strict=True):
            values = np.round(samples[:length] * 32_768).astype(int)
            np.testing.assert_array_equal(np.diff(values), 1)  # the recordings count up
            assert not samples[length:].any()
            whole = [
                AudioReader().read(path)
                for path in recordings["path"][recordings["label"] == groups.label_names[label]]
            ]
            assert any(length == min(1_920, len(one)) and samples[0] in one for one in whole)
            starts.add(values[0])
    assert len(starts) > 50


def test_pure_function_whatever_the_cache_and_the_order(recordings):
    small = AudioGroups(recordings, 3, 4, window_seconds=(0.05, 0.1), cache_bytes=0)
    large = AudioGroups(recordings, 3, 4, window_seconds=(0.05, 0.1))
    for epoch, index in [(2, 1), (0, 0), (2, 1), (1, 1)]:
        assert same(small.batch(epoch, index), large.batch(epoch, index))
    assert small.cache.num_bytes == 0
    assert large.cache.num_hits > 0
    assert not same(large.batch(0, 0), large.batch(1, 0))


def test_epochs(recordings):
    groups = AudioGroups(recordings, 3, 4, window_seconds=0.1, start_epoch=5)
    first = groups[0]
    assert same(first, groups.batch(5, 0))
    groups.on_epoch_end()
    assert same(groups[0], groups.batch(6, 0))


def test_window_lengths_are_few_and_one_a_batch(recordings):
    groups = AudioGroups(recordings, 2, 2, window_seconds=(0.05, 0.25))
    lengths = {groups.batch(epoch, 0)[0]["waveforms"].shape[1] for epoch in range(60)}
    assert lengths == {800, 1_600, 2_400, 3_200, 4_000}


def test_fit_takes_windows_of_other_lengths_than_the_first_two(recordings):
    def groups(seed: int) -> AudioGroups:
        return AudioGroups(recordings, 2, 2, window_seconds=(0.05, 0.25), passes_per_epoch=2, seed=seed)

    def lengths(batches: AudioGroups) -> list[int]:
        return [batches[index][0]["waveforms"].shape[1] for index in range(len(batches))]

    # Keras looks at two batches to tell which axes differ.
    seed = next(
        seed for seed in range(1000) if len(set(lengths(groups(seed))[:2])) == 1 < len(set(lengths(groups(seed))))
    )
    sound = keras.Input((None,), name="waveforms")
    mean = keras.ops.mean(sound, axis=1, keepdims=True)
    model = keras.Model({"waveforms": sound, "lengths": keras.Input((), name="lengths")}, keras.layers.Dense(1)(mean))
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(groups(seed), verbose=0).history["loss"]).all()


def test_within_corpus(recordings):
    groups = AudioGroups(recordings, 3, 2, window_seconds=0.1, within_corpus=True, passes_per_epoch=2)
    assert len(groups) == 4
    for index in range(4):
        names = set(groups.label_names[groups[index][1]])
        assert names in ({"a", "c", "e"}, {"b", "d", "f"})


def test_start_end_channel_and_recording(tmp_path):
    sound = np.stack([np.full(16_000, 0.25), np.full(16_000, -0.25)], axis=1)
    soundfile.write(tmp_path / "both.wav", sound, 16_000)
    table = pd.DataFrame(
        {
            "path": [str(tmp_path / "both.wav")] * 4,
            "label": ["left", "left", "right", "right"],
            "start": [0.0, 0.5, None, 0.25],
            "end": [0.5, None, 0.1, 0.5],
            "channel": [0, 0, 1, 1],
        }
    )
    groups = AudioGroups(table, 2, 2, window_seconds=1.0)
    inputs, labels = groups[0]
    for samples, length, label in zip(inputs["waveforms"], inputs["lengths"], labels, strict=True):
        assert (samples[:length] == (0.25, -0.25)[label]).all()
    assert sorted(inputs["lengths"][labels == 0]) == [8_000, 8_000]
    assert sorted(inputs["lengths"][labels == 1]) == [1_600, 4_000]
    assert groups.sampler.report()["share_of_one_recording"] == 1.0
    apart = AudioGroups(table.assign(recording=list("abcd")), 2, 2, window_seconds=1.0)
    assert apart.sampler.report()["share_of_one_recording"] == 0.0


def test_a_file_that_fails_is_named(recordings, tmp_path):
    (tmp_path / "text.wav").write_text("hello")
    soundfile.write(tmp_path / "silence.wav", np.zeros(16_000), 16_000)
    for name, reader in (("text.wav", None), ("silence.wav", AudioReader(trim=SpeechDetector()))):
        table = pd.DataFrame({"path": [str(tmp_path / name)] * 2, "label": ["a", "b"]})
        with pytest.raises(ValueError, match=f"'.*{name}'"):
            AudioGroups(table, 2, 2, window_seconds=0.1, reader=reader)[0]


def linear_model() -> keras.Model:
    waveforms, lengths = keras.Input((None,), name="waveforms"), keras.Input((), dtype="int32", name="lengths")
    mean = keras.ops.sum(waveforms, axis=1, keepdims=True) / keras.ops.cast(lengths, "float32")[:, None]
    model = keras.Model({"waveforms": waveforms, "lengths": lengths}, keras.layers.Dense(6)(mean))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@pytest.mark.parametrize("workers", [1, 2])
def test_fit(recordings, workers):
    groups = AudioGroups(recordings, 3, 2, window_seconds=0.1, workers=workers)
    history = linear_model().fit(groups, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert groups.epoch == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_fails_in_training_is_named(recordings, tmp_path, workers):
    (tmp_path / "text.wav").write_text("hello")
    bad = pd.DataFrame({"path": [str(tmp_path / "text.wav")], "label": ["a"]})
    groups = AudioGroups(pd.concat([recordings, bad]), 6, 6, window_seconds=0.1, workers=workers)
    with pytest.raises(Exception, match=r"Not a readable audio file: '.*text\.wav'"):  # of the backend's own kind
        linear_model().fit(groups, epochs=3, verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window_seconds": 0.0}, r"`window_seconds` must be positive, .* Received: window_seconds=0.0"),
        ({"window_seconds": (2.0, 1.0)}, r"`window_seconds` must be positive, or \(shortest, longest\)"),
        ({"labels_per_batch": 7}, r"`labels_per_batch` must not be more than the labels there are: 6"),
        ({"within_corpus": True, "labels_per_batch": 4}, r"in corpus north: 3\. Received: labels_per_batch=4"),
    ],
)
def test_wrong_arguments(recordings, arguments, message):
    with pytest.raises(ValueError, match=message):
        AudioGroups(recordings, **{"labels_per_batch": 2, "items_per_label": 2, "window_seconds": 0.1} | arguments)


def test_missing_columns(recordings):
    with pytest.raises(ValueError, match=r"`table` must have a column `label`. Received: path, corpus"):
        AudioGroups(recordings.drop(columns="label"), 2, 2, 0.1)
    with pytest.raises(ValueError, match=r"`table` must have a column `corpus`"):
        AudioGroups(recordings.drop(columns="corpus"), 2, 2, 0.1, within_corpus=True)


@pytest.mark.parametrize("empty", ["", None, float("nan")])
def test_empty_labels(recordings, empty):
    table = recordings.copy()
    table.loc[3, "label"] = empty
    with pytest.raises(ValueError, match=r"must have a label. Received: 1 without, the first in row 3"):
        AudioGroups(table, 2, 2, 0.1)


def test_copies_in_other_processes_give_the_same(recordings):
    groups = AudioGroups(recordings, 3, 2, window_seconds=0.1)
    assert same(pickle.loads(pickle.dumps(groups)).batch(1, 0), groups.batch(1, 0))
