"""Batches of clips: mixup by role, repeatable draws, failed loads."""

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from comparators.generators import ArrayItems, AudioItems, ClipBatches, FrameItems, ImageReader, RowSampler

READER = ImageReader((8, 8), "rgb", "crop", resize_shorter=8)


def arrays(num_clips=40, **options):
    """Clip i is the number i in both roles, and its label is i."""
    items = {
        "audio": ArrayItems(np.arange(num_clips, dtype=np.float32)[:, None]),
        "image": ArrayItems(np.arange(num_clips, dtype=np.uint8)[:, None, None, None]),
    }
    return ClipBatches(items, np.eye(num_clips), RowSampler(num_clips, 8, seed=3), **options)


def all_batches(batches, epoch=0):
    drawn = [batches.batch(epoch, index) for index in range(len(batches))]
    audio, image = (np.concatenate([inputs[role] for inputs, _ in drawn]) for role in ("audio", "image"))
    return audio[:, 0], image[:, 0, 0, 0], np.concatenate([targets for _, targets in drawn])


def test_plain_clips_come_once_with_their_labels():
    audio, image, targets = all_batches(arrays(label_smoothing=0.1))
    assert sorted(audio) == list(range(40))
    np.testing.assert_array_equal(audio, image)
    np.testing.assert_array_equal(targets.argmax(axis=1), audio)
    np.testing.assert_allclose(np.unique(targets), [0.1 / 40, 0.9], rtol=1e-6)


def test_one_share_mixes_all_roles_and_the_labels():
    batches = arrays(mixup=0.5)
    shares = []
    for epoch in range(20):
        for index in range(len(batches)):
            (inputs, targets), (rows, partners, share) = batches.batch(epoch, index), batches.draw(epoch, index)
            expected = share * rows + (1 - share) * partners
            np.testing.assert_allclose(inputs["audio"][:, 0], expected, rtol=1e-5)
            np.testing.assert_allclose(inputs["image"][:, 0, 0, 0], expected, atol=0.501)
            np.testing.assert_allclose(targets @ np.arange(40), expected, rtol=1e-5)
            shares.append(share)
    shares = np.concatenate(shares)
    mixed = shares[shares < 1]
    assert abs(len(mixed) / len(shares) - 0.5) < 0.06
    assert abs(mixed.mean() - 0.5) < 0.02
    assert abs(mixed.std() - np.sqrt(1 / 84)) < 0.02, "of Beta(10, 10)"


def test_a_batch_is_a_function_of_seed_epoch_and_index():
    one, two = arrays(mixup=0.5), arrays(mixup=0.5)
    for _ in range(3):
        two.batch(7, 1)
    for left, right in zip(all_batches(one, 2), all_batches(two, 2), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(all_batches(one, 2)[0], all_batches(one, 3)[0])


def test_one_kind_of_items_gives_its_inputs():
    batches = ClipBatches(ArrayItems(np.ones((6, 3), "float32")), np.eye(6), RowSampler(6, 4), mixup=1.0)
    inputs, targets = batches[0]
    assert (inputs.shape, targets.shape) == ((4, 3), (4, 6))


def test_clips_without_labels_have_numbers():
    batches = ClipBatches(arrays().items, None, RowSampler(40, 8))
    audio, _, numbers = all_batches(batches)
    np.testing.assert_array_equal(audio, numbers)
    assert numbers.dtype == np.int32
    with pytest.raises(ValueError, match="need `targets`"):
        ClipBatches(arrays().items, None, RowSampler(40, 8), mixup=0.5)


def test_it_trains_a_model():
    audio, image = keras.Input((1,), name="audio"), keras.Input((1, 1, 1), name="image")
    joined = keras.layers.Concatenate()([audio, keras.layers.Flatten()(image)])
    model = keras.Model({"audio": audio, "image": image}, keras.layers.Dense(40)(joined))
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    history = model.fit(arrays(mixup=0.5, label_smoothing=0.1, workers=2), epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


@pytest.fixture
def clips(tmp_path) -> pd.DataFrame:
    """Twelve clips of two frames, sound and pictures of a level of their own."""
    for frame in range(2):
        (tmp_path / f"frame_{frame}").mkdir()
    for clip in range(12):
        soundfile.write(tmp_path / f"{clip}.wav", np.full(160, (clip + 1) / 100), 16_000, subtype="FLOAT")
        for frame in range(2):
            pixels = np.full((8, 8, 3), 10 * clip, np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"frame_{frame}" / f"{clip}.jpg", quality=100)
    names = [str(clip) for clip in range(12)]
    paths = [str(tmp_path / f"{name}.wav") for name in names]
    return pd.DataFrame({"path": paths, "video_path": str(tmp_path), "video_id": names})


def of_files(clips, **options):
    items = {"audio": AudioItems(clips, 0.01, cache_bytes=0), "image": FrameItems(clips, "random", READER, 2, 0)}
    return ClipBatches(items, np.eye(12), RowSampler(12, 4, seed=1), **options)


def clip_numbers(batches, epoch=0):
    """Which clips are in an epoch by sound, picture and label; they must agree."""
    drawn = [batches.batch(epoch, index) for index in range(len(batches))]
    numbers = [
        np.concatenate([np.rint(100 * inputs["audio"]["waveforms"][:, 0]) - 1 for inputs, _ in drawn]),
        np.concatenate([np.rint(inputs["image"][:, 4, 4, 0] / 10) for inputs, _ in drawn]),
        np.concatenate([targets.argmax(axis=1) for _, targets in drawn]),
    ]
    np.testing.assert_array_equal(numbers[0], numbers[1])
    np.testing.assert_array_equal(numbers[0], numbers[2])
    return numbers[0].astype(int).tolist()


def test_clips_that_fail_are_replaced_with_their_labels_and_told_once(clips, tmp_path):
    whole = clip_numbers(of_files(clips, max_failed_share=0.2))
    (tmp_path / "3.wav").write_text("no sound")
    (tmp_path / "frame_1" / "7.jpg").unlink()
    batches = of_files(clips, max_failed_share=0.2)
    with pytest.warns(UserWarning, match="Replaced by another clip") as told:
        numbers = [clip_numbers(batches, epoch) for epoch in range(12)]
    assert len(told) == 2
    assert sorted(batches.failures) == [3, 7]
    assert "3.wav" in batches.failures[3]
    assert 3 not in np.concatenate(numbers)
    kept = [place for place, number in enumerate(whole) if number not in (3, 7)]
    assert [numbers[0][place] for place in kept] == [whole[place] for place in kept]


@pytest.mark.filterwarnings("ignore:Replaced by another clip")
def test_replacements_do_not_depend_on_what_failed_before(clips, tmp_path):
    (tmp_path / "3.wav").write_text("no sound")
    (tmp_path / "7.wav").write_text("no sound")
    fresh, used = (of_files(clips, max_failed_share=0.5, mixup=0.5) for _ in range(2))
    for epoch in range(5):
        used.batch(epoch, 0)
    for index in range(3):
        left, right = fresh.batch(9, index), used.batch(9, index)
        np.testing.assert_array_equal(left[1], right[1])
        np.testing.assert_array_equal(left[0]["image"], right[0]["image"])


@pytest.mark.filterwarnings("ignore:Replaced by another clip")
def test_too_many_failures_stop_the_training_with_the_list(clips, tmp_path):
    for clip in (1, 5, 6):
        (tmp_path / f"{clip}.wav").write_text("no sound")
    with pytest.raises(ValueError, match=r"3 of 12, with max_failed_share=0.2(.|\n)*[156]\.wav(.|\n)*[156]\.wav"):
        clip_numbers(of_files(clips, max_failed_share=0.2))
    with pytest.raises(ValueError, match="1 of 12"):
        clip_numbers(of_files(clips))
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(12)])
    model.compile("sgd", "mse")
    (tmp_path / "frame_0" / "2.jpg").unlink()
    batches = ClipBatches(FrameItems(clips, 0, READER, 2), np.eye(12), RowSampler(12, 4), workers=2)
    with pytest.raises(Exception, match=r"Too many clips cannot be loaded(.|\n)*2\.jpg"):
        model.fit(batches, verbose=0)


def test_errors_of_no_file_are_raised_as_they_are():
    class Wrong(ArrayItems):
        def take(self, indices, random):
            raise ValueError("of another kind")

    with pytest.raises(ValueError, match="of another kind"):
        ClipBatches(Wrong(np.zeros((4, 1))), np.eye(4), RowSampler(4, 2), max_failed_share=1.0)[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mixup": 1.5}, "`mixup` must be from 0 to 1"),
        ({"mixup_alpha": 0}, "`mixup_alpha` must be positive"),
        ({"label_smoothing": -0.1}, "`label_smoothing`"),
        ({"max_failed_share": 2}, "`max_failed_share`"),
    ],
)
def test_what_is_out_of_range_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        arrays(**options)


def test_a_batch_is_of_the_rows_that_there_are():
    with pytest.raises(ValueError, match=r"not be more than 9, the number of rows. Received: batch_size=40"):
        RowSampler(9, 40)


def test_all_must_be_of_the_same_clips():
    with pytest.raises(ValueError, match=r"Received: \[4\] items, targets of shape \(3, 2\), a sampler of 4"):
        ClipBatches(ArrayItems(np.zeros((4, 1))), np.zeros((3, 2)), RowSampler(4, 2))
