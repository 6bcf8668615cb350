"""CAV-MAE started from a masked autoencoder of images: where each block goes, and another size."""

import numpy as np
import pytest
from keras import ops

from comparators.models.encoders import CAVMAEBackbone
from comparators.models.image_mae import load_image_mae


def backbone(**arguments) -> CAVMAEBackbone:
    sizes = {"embedding_dim": 8, "modality_specific_depth": 2, "depth": 3, "num_heads": 2}
    return CAVMAEBackbone((32, 32), (32, 32, 3), **sizes | arguments)


def state(dim=8, blocks=3) -> dict[str, np.ndarray]:
    """An autoencoder as its authors' code saves it."""
    shapes = {"cls_token": (1, 1, dim), "pos_embed": (1, 5, dim), "mask_token": (1, 1, 4)}
    shapes |= {"patch_embed.proj.weight": (dim, 3, 16, 16), "patch_embed.proj.bias": (dim,)}
    shapes |= {"norm.weight": (dim,), "norm.bias": (dim,), "decoder_embed.weight": (4, dim), "decoder_pred.bias": (9,)}
    for i in range(blocks):
        linear = {"attn.qkv": (3 * dim, dim), "attn.proj": (dim, dim), "mlp.fc1": (4 * dim, dim)}
        for name, shape in (linear | {"mlp.fc2": (dim, 4 * dim)}).items():
            shapes |= {f"blocks.{i}.{name}.weight": shape, f"blocks.{i}.{name}.bias": shape[:1]}
        for norm in ("norm1", "norm2"):
            shapes |= {f"blocks.{i}.{norm}.weight": (dim,), f"blocks.{i}.{norm}.bias": (dim,)}
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype("float32") for name, shape in shapes.items()}


def test_where_the_weights_go():
    model, given = backbone(), state()
    modality = ops.convert_to_numpy(model.tokens["audio"].modality)
    load_image_mae(model, given)
    found = {weight.names[0]: ops.convert_to_numpy(weight.variable) for weight in model.torch_weights()}
    for letter in ("a", "v"):
        np.testing.assert_array_equal(found[f"blocks_{letter}.1.mlp.fc1.weight"].T, given["blocks.1.mlp.fc1.weight"])
        np.testing.assert_array_equal(found[f"norm_{letter}.bias"], given["norm.bias"])
        np.testing.assert_array_equal(found[f"blocks_u.0.norm2_{letter}.weight"], given["blocks.2.norm2.weight"])
    np.testing.assert_array_equal(found["blocks_u.0.attn.qkv.weight"].T, given["blocks.2.attn.qkv.weight"])
    summed = given["patch_embed.proj.weight"].sum(axis=1).transpose(1, 2, 0).reshape(256, 8)
    np.testing.assert_allclose(found["patch_embed_a.proj.weight"], summed, atol=1e-5)
    np.testing.assert_array_equal(ops.convert_to_numpy(model.tokens["audio"].modality), modality)


def test_the_form_in_which_it_is_published():
    alone, wrapped = backbone(), backbone()
    load_image_mae(alone, state())
    load_image_mae(wrapped, {"model": state(), "optimizer": {"state": {}}, "epoch": 3})
    for weights, others in zip(alone.torch_weights(), wrapped.torch_weights(), strict=True):
        if not weights.names[0].startswith("modality"):
            np.testing.assert_array_equal(weights.variable, others.variable)


def test_checkpoint_of_another_size():
    before = [ops.convert_to_numpy(weight) for weight in backbone().weights]
    model = backbone()
    model.set_weights(before)
    with pytest.raises(ValueError, match=r"nothing was loaded. Missing: blocks_u.0.attn.proj.bias"):
        load_image_mae(model, state(blocks=2))
    with pytest.raises(ValueError, match=r"nothing was loaded. Unexpected: blocks.3.attn.proj.bias"):
        load_image_mae(model, state(blocks=4))
    with pytest.raises(ValueError, match=r"nothing was loaded. Of another shape"):
        load_image_mae(model, state(dim=16))
    for weight, old in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), old)
