"""AST as a classifier: parity, parameters of the published sizes, checkpoints by name, training, saving."""

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models import AST, adapt_positions
from comparators.models.convert import load_state
from comparators.models.encoders import ASTTrunk


def relative(case, output: str, value) -> float:
    return case.rule.compare(case.info, case.arrays, output, ops.convert_to_numpy(value))[1]


def numbers(variables) -> dict[str, np.ndarray]:
    return {variable.path: ops.convert_to_numpy(variable) for variable in variables}


def tiny(num_frames: int = 64, num_features: int = 128, num_classes: int = 3, **arguments) -> AST:
    return AST(ASTTrunk(num_frames, num_features, 8, depth=1, num_heads=2, **arguments), num_classes)


def state_of(model) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=w.shape).astype("float32") for w in model.torch_weights() for name in w.names}


@pytest.mark.parametrize(
    ("name", "num_classes", "sizes"),
    [("ast_tiny224", 35, {"num_frames": 128}), ("ast_tiny224_stride16", 10, {"num_frames": 100, "stride": 16})],
)
def test_official_network(golden, name, num_classes, sizes):
    case, model = golden(name), AST.official(num_classes, size="tiny", **sizes)
    model.load_checkpoint(case.state)
    assert relative(case, "logits", model(case.inputs["fbank"])) < 3e-5
    model.head.layers[0].epsilon = 1e-3
    assert relative(case, "logits", model(case.inputs["fbank"])) > 3e-5


def test_small_network_as_the_tutorial_pools(golden):
    case = golden("ikiskin_ast_tiny")
    model = AST.small(num_frames=98, embedding_dim=48, pooling="tutorial")
    model.load_checkpoint(case.state)
    logits = model(case.inputs["fbank"])
    assert relative(case, "logits_before_relu", logits) < 3e-5
    assert relative(case, "output", ops.relu(logits)) < 3e-5
    ours = AST.small(num_frames=98, embedding_dim=48)
    ours.load_checkpoint(case.state)
    assert relative(case, "logits_before_relu", ours(case.inputs["fbank"])) > 0.01


@pytest.mark.parametrize(("depth", "count"), [(2, 14_861_618), (3, 21_947_186), (4, 29_032_754)])
def test_parameters_of_the_small_network(depth, count):
    assert AST.small(depth=depth).count_params() == count


def test_parameters_of_the_official_network():
    """1,538,000 more are heads for ImageNet, which nothing uses and which we leave out."""
    model = AST.official(num_classes=50, num_frames=512)
    assert model.count_params() == 87_295_234 - 1_538_000
    assert tuple(model.trunk.positions.shape) == (1, 602, 768)


def test_distilled_small_network_has_a_token_more():
    assert AST.small(distilled=True).count_params() - AST.small().count_params() == 2 * 768


def test_checkpoint_of_another_length():
    """AudioSet's positions, cut to the middle of time."""
    long, short = tiny(num_frames=166), tiny(num_frames=64)
    state = state_of(long)
    short.load_checkpoint({f"module.{name}": value for name, value in state.items()})
    assert long.trunk.grid == (12, 16)
    assert short.trunk.grid == (12, 5)
    positions = state["v.pos_embed"][0, 2:].reshape(12, 16, 8)[:, 8 - 2 : 8 + 3]
    np.testing.assert_array_equal(ops.convert_to_numpy(short.trunk.positions)[0, 2:].reshape(12, 5, 8), positions)
    load_state(long, state)
    resized = ops.convert_to_numpy(long.trunk.resized(64).positions)
    np.testing.assert_array_equal(ops.convert_to_numpy(short.trunk.positions), resized)


def test_checkpoint_of_other_mel_bands():
    """The bands are 128 unless a grid is named."""
    state, model = state_of(tiny()), tiny(num_features=64)
    model.load_checkpoint(state)
    expected = adapt_positions(state["v.pos_embed"], (12, 5), (5, 5), 2)
    np.testing.assert_array_equal(ops.convert_to_numpy(model.trunk.positions), expected)
    fewer = state_of(tiny(num_features=64))
    with pytest.raises(ValueError, match=r"25 patches, which are no 12 rows of 128 mel bands.*Name the checkpoint's"):
        tiny(num_features=96).load_checkpoint(fewer)
    tiny(num_features=96).load_checkpoint(fewer, grid=(5, 5))


def test_checkpoint_of_images():
    """DeiT: the patch kernel is summed over the colours, the square of positions adapted, the head left alone."""
    model = tiny(num_frames=200)
    state = {name.removeprefix("v."): w for name, w in state_of(model).items() if name.startswith("v.")}
    rng = np.random.default_rng(1)
    state |= {
        "pos_embed": rng.normal(size=(1, 2 + 14 * 14, 8)).astype("float32"),
        "patch_embed.proj.weight": rng.normal(size=(8, 3, 16, 16)).astype("float32"),
        "head.weight": np.zeros((1000, 8), "float32"),
        "head.bias": np.zeros(1000, "float32"),
        "head_dist.weight": np.zeros((1000, 8), "float32"),
        "head_dist.bias": np.zeros(1000, "float32"),
    }
    head = numbers(model.head.variables)
    model.load_checkpoint({"model": state})
    for path, value in numbers(model.head.variables).items():
        np.testing.assert_array_equal(value, head[path])
    kernel = ops.convert_to_numpy(model.trunk.patches.kernel).reshape(16, 16, 8)
    np.testing.assert_allclose(kernel, state["patch_embed.proj.weight"].sum(axis=1).transpose(1, 2, 0), atol=1e-6)
    expected = adapt_positions(state["pos_embed"], (14, 14), (12, 19), 2)
    np.testing.assert_array_equal(ops.convert_to_numpy(model.trunk.positions), expected)


def test_checkpoint_of_other_classes_or_another_size():
    state, model = state_of(tiny(num_classes=5)), tiny()
    with pytest.raises(
        ValueError, match=r"Of another shape: mlp_head.1.weight is \(5, 8\), not \(3, 8\), mlp_head.1.b"
    ):
        model.load_checkpoint(state)
    model.load_checkpoint(state, head=False)
    deeper = AST(ASTTrunk(64, 128, 8, depth=2, num_heads=2), 5)
    with pytest.raises(
        ValueError, match=r"Missing: v.blocks.1.attn.proj.bias, .* nothing was loaded|nothing was loaded"
    ):
        deeper.load_checkpoint(state)
    with pytest.raises(ValueError, match=r"Unexpected: v.blocks.1.attn.proj.bias"):
        tiny(num_classes=5).load_checkpoint(state_of(deeper))


def test_training_lowers_the_loss():
    keras.utils.set_random_seed(0)
    model = AST.small(2, num_frames=40, num_features=32, embedding_dim=16, num_heads=2)
    rng = np.random.default_rng(0)
    features, codes = rng.normal(size=(16, 40, 32)).astype("float32"), np.arange(16) % 2
    features += 0.5 * (2 * codes[:, None, None] - 1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss=loss, metrics=["accuracy"])
    history = model.fit(features, codes, epochs=8, batch_size=8, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]


def test_saved_in_a_fresh_process(tmp_path, fresh_python):
    model = AST(tiny().encoder, labels=["dog", "rain", "sea"], num_classes=3)
    features = np.random.default_rng(0).normal(size=(4, 64, 128)).astype("float32")
    np.save(tmp_path / "features.npy", features)
    model.save(tmp_path / "ast.keras")
    printed = fresh_python(
        "import keras, numpy\nfrom comparators.models.loading import register_classes\nregister_classes()\n"
        f"model = keras.saving.load_model({str(tmp_path / 'ast.keras')!r})\n"
        f"print(*model.predicted_labels(numpy.load({str(tmp_path / 'features.npy')!r})))"
    )
    assert printed.split()[-4:] == model.predicted_labels(features).tolist()


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"`size` must be one of tiny, small, base. Received: size='huge'"):
        AST.official(size="huge")
    with pytest.raises(ValueError, match=r"`labels` must be one name for each of the 3 classes. Received: 2"):
        AST(tiny().encoder, 3, labels=["dog", "rain"])


def test_whole_numbers_are_features_too():
    features = np.random.default_rng(0).integers(-3, 3, (2, 64, 128))
    model = tiny()
    whole, real = (ops.convert_to_numpy(model(features.astype(dtype))) for dtype in ("int64", "float32"))
    np.testing.assert_array_equal(whole, real)
