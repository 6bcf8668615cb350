"""AST's trunk: parity of all stages, position grids, attention, saving, an encoder of waveforms, bad input."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.custom_layers import NormalizedFbank
from comparators.models import AudioEncoder
from comparators.models.convert import load_state
from comparators.models.encoders import ASTTrunk, WaveformEncoder


def tiny(**arguments) -> ASTTrunk:
    sizes = {"num_frames": 64, "num_features": 48, "embedding_dim": 8, "depth": 2, "num_heads": 2}
    return ASTTrunk(**sizes | arguments)


def relative(case, output: str, value) -> float:
    return case.rule.compare(case.info, case.arrays, output, ops.convert_to_numpy(value))[1]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("ast_tiny224", {"num_frames": 128}), ("ast_tiny224_stride16", {"num_frames": 100, "stride": 16})],
)
def test_official_network(golden, name, sizes):
    """100 frames are six patches of 16 and four frames, which go."""
    case, trunk = golden(name), ASTTrunk(embedding_dim=192, num_heads=3, **sizes)
    load_state(trunk, case.state, unused=("v.head.", "v.head_dist.", "mlp_head."))
    fbank = case.inputs["fbank"]
    assert relative(case, "patches", trunk.patch_tokens(fbank)) < 3e-5
    assert relative(case, "block0", trunk.blocks[0](trunk.embedded(fbank))) < 3e-5
    assert relative(case, "tokens", trunk.tokens(fbank)) < 3e-5
    assert relative(case, "pooled", trunk(fbank)) < 3e-5
    for block in trunk.blocks:
        for norm in (*block.norm1.values(), *block.norm2.values()):
            norm.epsilon = 1e-3
    assert relative(case, "pooled", trunk(fbank)) > 1e-4, "a wrong epsilon must be seen"


def test_small_network(golden):
    case = golden("ikiskin_ast_tiny")
    trunk = ASTTrunk(98, embedding_dim=48, depth=2, num_heads=6, form="small", distilled=False)
    load_state(trunk, case.state, unused=("FinalLinear.",))
    tokens = trunk.embedded(case.inputs["fbank"])
    for index, block in enumerate(trunk.blocks):
        tokens = block(tokens)
        assert relative(case, f"block{index}", tokens) < 3e-5


def test_poolings():
    features = np.random.default_rng(0).normal(size=(2, 64, 48)).astype("float32")
    for distilled, pooling, part in [
        (True, "cls", slice(0, 2)),
        (False, "cls", slice(0, 1)),
        (False, "tutorial", slice(0, 2)),
        (True, "mean", slice(2, None)),
    ]:
        trunk = tiny(distilled=distilled, pooling=pooling)
        tokens = ops.convert_to_numpy(trunk.tokens(features))
        np.testing.assert_allclose(ops.convert_to_numpy(trunk(features)), tokens[:, part].mean(axis=1), atol=1e-6)


def test_convolutions_before_the_patches(tmp_path):
    """36 x 24 becomes 9 x 6, in patches of two."""
    trunk = tiny(num_frames=36, num_features=24, patch_size=2, stride=2, stem=(4, 6), pooling="mean")
    assert trunk.grid == (3, 4)
    features = np.random.default_rng(0).normal(size=(4, 36, 24)).astype("float32")
    alone = ops.convert_to_numpy(trunk(features))
    assert np.abs(ops.convert_to_numpy(trunk(features, training=True)) - alone).max() > 1e-4
    alone = ops.convert_to_numpy(trunk(features))
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(features)), alone, atol=1e-6)
    assert trunk.resized(num_frames=50).grid == (3, 6)


def test_attention_of_the_class_token():
    trunk = tiny(depth=2)
    features = np.random.default_rng(0).normal(size=(3, 64, 48)).astype("float32")
    attention = ops.convert_to_numpy(trunk.class_attention(features))
    assert attention.shape == (3, 2, 4, 5)
    assert (attention > 0).all()
    assert (attention.sum(axis=(2, 3)) < 1).all()
    first = ops.convert_to_numpy(trunk.class_attention(features, block=0))
    assert np.abs(first - attention).max() > 1e-6
    with pytest.raises(ValueError, match=r"`block` must be one of 2 blocks, counted from 0. Received: block=2"):
        trunk.class_attention(features, block=2)


@pytest.mark.parametrize("sizes", [{"num_frames": 34}, {"num_frames": 120, "num_features": 96}, {"num_features": 36}])
def test_resized(sizes):
    """Only the positions differ: without them the network gives what one made for the size gives."""
    trunk = tiny()
    other = trunk.resized(**sizes)
    assert (other.num_frames, other.num_features) == (sizes.get("num_frames", 64), sizes.get("num_features", 48))
    features = np.ones((1, other.num_frames, other.num_features), "float32")
    assert np.isfinite(ops.convert_to_numpy(other(features))).all()
    for own, variable in zip(trunk.variables, other.variables, strict=True):
        if own is not trunk.positions:
            np.testing.assert_array_equal(ops.convert_to_numpy(own), ops.convert_to_numpy(variable))
    assert np.abs(ops.convert_to_numpy(other.positions)).max() <= np.abs(ops.convert_to_numpy(trunk.positions)).max()


def test_saved_and_loaded(tmp_path):
    trunk = tiny(dropout=0.1)
    features = np.random.default_rng(0).normal(size=(2, 64, 48)).astype("float32")
    trunk.save(tmp_path / "trunk.keras")
    loaded = keras.saving.load_model(tmp_path / "trunk.keras")
    np.testing.assert_allclose(ops.convert_to_numpy(loaded(features)), ops.convert_to_numpy(trunk(features)), atol=1e-6)


def test_saved_encoder_in_a_fresh_process(tmp_path, fresh_python):
    encoder = WaveformEncoder(NormalizedFbank(target_length=64, num_mels=48), tiny())
    model = AudioEncoder(encoder)
    clip = 0.1 * np.random.default_rng(0).normal(size=16_000).astype("float32")
    np.save(tmp_path / "clip.npy", clip)
    expected = model.embed([clip])[0]
    model.save(tmp_path / "model.keras")
    printed = fresh_python(
        f"import numpy, comparators; model = comparators.load({str(tmp_path / 'model.keras')!r})\n"
        f"print(*model.embed([numpy.load({str(tmp_path / 'clip.npy')!r})])[0])"
    )
    np.testing.assert_allclose(np.array(printed.split()[-8:], float), expected, atol=1e-5)


def test_silence_gives_numbers():
    encoder = WaveformEncoder(NormalizedFbank(target_length=64, num_mels=48), tiny())
    assert np.isfinite(ops.convert_to_numpy(encoder(np.zeros((2, 16_000), "float32")))).all()


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match=r"must be `\(batch, 64, 48\)`, the bands last. Received: shape=\(1, 64, 40\)"):
        tiny()(np.zeros((1, 64, 40), "float32"))
    with pytest.raises(ValueError, match=r"Received: shape=\(1, 60, 48\). Pad or cut them"):
        tiny()(np.zeros((1, 60, 48), "float32"))
    with pytest.raises(ValueError, match=r"at least one patch, 16. Received: num_features=8, num_frames=64"):
        tiny(num_features=8)
    with pytest.raises(ValueError, match=r"`form` must be one of official, small. Received: form='big'"):
        tiny(form="big")
    with pytest.raises(ValueError, match=r"`pooling` must be one of cls, mean, tutorial. Received: pooling='max'"):
        tiny(pooling="max")
