"""Every system: features of one length, silence, a training step, the trained encoder on waveforms."""

from dataclasses import replace

import numpy as np
import pytest
from keras import ops

from comparators.models.sound_system import SOUND_SYSTEMS


@pytest.mark.parametrize("name", sorted(SOUND_SYSTEMS))
def test_system(name):
    system, rng = SOUND_SYSTEMS[name], np.random.default_rng(0)
    samples = system.sample_rate
    clips = [(0.1 * rng.normal(size=samples // part)).astype("float32") for part in (1, 2, 1, 1)]
    clips[3][:] = 0
    num_frames = system.num_frames(samples)
    assert num_frames == 98
    features, codes = system.features(clips, num_frames), np.array([0, 1, 2, 0])
    assert features.shape[:2] == (4, 98)
    model = replace(system.augmented, epochs=1, batch_size=2).fit(
        lambda: system.network(num_frames, 3), features, codes
    )
    logits = model.predict(features, verbose=0)
    assert logits.shape == (4, 3)
    assert np.isfinite(logits).all()
    encoder = system.on_waveforms(model, num_frames)
    embeddings = ops.convert_to_numpy(encoder(clips[0][None]))
    np.testing.assert_allclose(embeddings, ops.convert_to_numpy(model.trunk(features[:1])), atol=1e-4)


def test_short_clips_are_filled_up():
    assert SOUND_SYSTEMS["mel-cnn"].num_frames(1_000) == 64
