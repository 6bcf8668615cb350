"""From videos to a fine-tuned CAV-MAE: extraction, batches, layer groups, resume, weights and scores averaged."""

import keras
import numpy as np
import pytest

from comparators.callbacks import ExactResume, StepDecay
from comparators.custom_layers import NormalizedFbank, PixelNormalization
from comparators.generators import (
    AudioItems,
    ClipBatches,
    FrameItems,
    ImageReader,
    LabelTable,
    VideoReader,
    WeightedSampler,
    balanced_weights,
    extract_videos,
    read_clip_manifest,
)
from comparators.metrics import multi_label_report
from comparators.models import GroupedAdam, average_weights, frame_scores
from comparators.models.cavmae_classifier import CAVMAEClassifier
from comparators.models.encoders.cavmae_backbone import CAVMAEBackbone

READER = ImageReader((32, 32), "rgb", "crop", resize_shorter=32, resample="bicubic")
SECONDS = 0.335  # of 32 frames


@pytest.fixture(scope="module")
def extracted(make_video, tmp_path_factory):
    """Twelve clips, a high or a low tone each with a bright or a dark picture, or both labels."""
    folder = tmp_path_factory.mktemp("clips")
    videos, labels = [], []
    for number in range(12):
        high = number % 2
        picture = np.full((40, 48, 3), (40, 210)[high] + number, np.uint8)
        tones = (300.0, 3000.0)[high], (300.0, 3000.0)[high]
        videos.append(make_video(folder / f"{number}.avi", 10, picture=picture, tones=tones, sample_rate=16_000))
        labels.append("/m/high,/m/bright" if high else "/m/low")
    extract_videos(videos, folder / "out", labels, VideoReader(num_frames=3, size=32))
    return folder / "out" / "manifest.json"


def fit(folder, table, targets, epochs, workdir):
    """Trains a classifier from the same start, or on from its backup."""
    keras.utils.set_random_seed(0)
    backbone = CAVMAEBackbone((32, 32), (32, 32, 3), 16, modality_specific_depth=1, depth=2, num_heads=2)
    fronts = NormalizedFbank(32, -5.0, 4.5, 1.0, num_mels=32), PixelNormalization("torch")
    model = CAVMAEClassifier(backbone, targets.shape[1], "multimodal", *fronts)
    optimizer = GroupedAdam(1e-3, {"head": 10}, gradient_accumulation_steps=2)
    model.compile(optimizer, keras.losses.BinaryCrossentropy(from_logits=True))
    items = {"audio": AudioItems(table, SECONDS), "image": FrameItems(table, "random", READER, num_frames=3)}
    sampler = WeightedSampler(balanced_weights(targets), batch_size=4, seed=1)
    batches = ClipBatches(items, targets, sampler, mixup=0.5, label_smoothing=0.1)
    model(batches[0][0])
    checkpoint = keras.callbacks.ModelCheckpoint(str(workdir / "{epoch:02d}.weights.h5"), save_weights_only=True)
    callbacks = [StepDecay(1e-3, 4, 2), checkpoint, ExactResume(folder, batches, keep=True)]
    return model, model.fit(batches, epochs=epochs, verbose=0, callbacks=callbacks).history["loss"]


@pytest.mark.slow
def test_a_fine_tuning_from_videos_to_scores(extracted, tmp_path):
    table = read_clip_manifest(extracted)
    names = LabelTable.of(table["labels"])
    targets = names.targets(table["labels"])
    model, losses = fit(tmp_path / "whole", table, targets, 6, tmp_path)
    assert losses[-1] < losses[0]
    fit(tmp_path / "cut", table, targets, 3, tmp_path)
    _, rest = fit(tmp_path / "cut", table, targets, 6, tmp_path)
    np.testing.assert_allclose(rest, losses[3:], rtol=1e-5)

    average_weights(model, [tmp_path / f"{epoch:02d}.weights.h5" for epoch in (4, 5, 6)])
    items = {"audio": AudioItems(table, SECONDS, place="start"), "image": FrameItems(table, 0, READER, num_frames=3)}
    scores = frame_scores(model, items)
    assert scores.shape == (12, 3)
    assert multi_label_report(scores, targets)["map"] > 0.9
