"""The transformer of CAV-MAE: counts of the published sizes, what is trained, sizes that do not fit."""

import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import CAVMAEBackbone, CAVMAEDecoder, CAVMAETrunk

TINY = {"embedding_dim": 16, "modality_specific_depth": 1, "depth": 2, "num_heads": 2}


def tiny(**arguments) -> CAVMAEBackbone:
    return CAVMAEBackbone((32, 48), (32, 32, 3), **TINY | arguments)


def test_order_of_the_tokens():
    """A change of one moment and band changes one token: frequency * columns + time."""
    backbone, quiet = tiny(), np.zeros((1, 32, 48), "float32")
    loud = quiet.copy()
    loud[0, 16:, 32:] = 1  # the second of two places in time, the third of three in frequency
    tokens = [backbone.tokens["audio"](backbone.as_images("audio", ops.convert_to_tensor(x))) for x in (quiet, loud)]
    changed = np.abs(ops.convert_to_numpy(tokens[0] - tokens[1])).max(axis=-1)[0] > 1e-6
    assert np.flatnonzero(changed).tolist() == [5]


def test_what_a_branch_does_not_use_is_kept_and_not_trained():
    backbone = tiny(depth=4, modality_specific_depth=3)
    idle = 2 * 3 * 2 * 2 * 2  # branches, blocks, norms, pairs, tensors
    assert len(backbone.weights) - len(backbone.trainable_weights) == idle + 2  # and the positions
    backbone.train_only(["audio", "image"], ["joint", "audio", "image"])
    assert len(backbone.weights) - len(backbone.trainable_weights) == idle + 2


@pytest.mark.parametrize("depth", [0, 1])
def test_vanilla_has_one_joint_encoder(depth):
    backbone = tiny(modality_specific_depth=depth)
    assert [len(branch) for branch in backbone.branches.values()] == [depth, depth]
    assert len(backbone.shared) == 2 - depth


def test_roundtrip_of_the_configuration():
    for model in (tiny(), CAVMAEBackbone((32, 48), None, **TINY)):
        assert type(model).from_config(model.get_config()).get_config() == model.get_config()
    decoder = CAVMAEDecoder.for_backbone(tiny(), 8, 1, 2)
    assert CAVMAEDecoder.from_config(decoder.get_config()).get_config() == decoder.get_config()
    trunk = CAVMAETrunk(tiny(), "audio")
    assert CAVMAETrunk.from_config(trunk.get_config()).embedding_dim == 16


def test_counts_of_the_published_size():
    backbone = CAVMAEBackbone()
    decoder = CAVMAEDecoder.for_backbone(backbone)

    def counted(*layers):
        return sum(layer.count_params() for layer in layers)

    assert [counted(*backbone.branches[role]) for role in ("audio", "image")] == [78_034_176, 78_034_176]
    assert counted(*backbone.shared) == 7_094_016
    assert [counted(backbone.tokens[role].embedding) for role in ("audio", "image")] == [197_376, 590_592]
    assert [int(np.prod(backbone.tokens[role].positions.shape)) for role in ("audio", "image")] == [393_216, 150_528]
    assert counted(*decoder.blocks) == 25_251_840
    assert counted(decoder.embed) == 393_728
    assert [counted(decoder.heads[role]) for role in ("audio", "image")] == [131_328, 393_984]
    assert [int(np.prod(decoder.positions[role].shape)) for role in ("audio", "image")] == [262_144, 100_352]
    assert counted(backbone, decoder) == 191_036_160
    fixed = 393_216 + 150_528 + 262_144 + 100_352
    assert counted(backbone, decoder) - fixed == 190_129_920
    trained = sum(int(np.prod(weight.shape)) for part in (backbone, decoder) for weight in part.trainable_weights)
    idle = 22 * 8 * 768 + 8 * 8 * 512  # 240 tensors that never get a gradient
    assert trained == 190_129_920 - idle


def test_lengths_that_patches_do_not_divide():
    with pytest.raises(
        ValueError, match=r"width .*frames\) must be a multiple of the patch's, 16. Received: 1000.*1008"
    ):
        CAVMAEBackbone((1000, 128), (32, 32, 3), **TINY)


def test_spectrograms_of_another_shape():
    with pytest.raises(ValueError, match=r"must be \(32, 48\), \(frames, bands\).*Received: \(32, 64\)"):
        tiny().branch("audio", ops.zeros((1, 32, 64)))
    with pytest.raises(ValueError, match=r"Inputs must be \(32, 32, 3\).*Received: \(48, 32, 3\)"):
        tiny().branch("image", ops.zeros((1, 48, 32, 3)))


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match=r"there must be a shared block. Received: modality_specific_depth=2, depth=2"):
        tiny(modality_specific_depth=2)
    with pytest.raises(ValueError, match=r"`role` must be one of \['audio'\]. Received: role='image'"):
        CAVMAETrunk(CAVMAEBackbone((32, 48), None, **TINY), "image")
    with pytest.raises(ValueError, match=r"`depth` must be positive. Received: depth=0"):
        CAVMAEDecoder.for_backbone(tiny(), 8, 0, 2)
