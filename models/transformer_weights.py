"""Where the entries of PyTorch transformers go: the names of timm's vision transformers, and of CLIP."""

import keras
import numpy as np

from comparators.custom_layers.patch_embedding import PatchEmbedding
from comparators.custom_layers.transformer_block import TransformerBlock
from comparators.models.convert import TorchWeight, layer_norm_weights, linear_weights

_NORM_SUFFIXES = {"norm": "", "joint": "", "audio": "_a", "visual": "_v"}


def transformer_block_weights(name: str, block: TransformerBlock) -> list[TorchWeight]:
    """Returns where the entries of a block go: `norm1`, `attn.qkv`, `attn.proj`, `norm2`, `mlp.fc1`, `mlp.fc2`.

    The norms `"audio"` and `"visual"` of a shared block are `norm1_a`, `norm1_v` there.
    """
    norms = [
        weight
        for number, layers in ((1, block.norm1), (2, block.norm2))
        for kind, layer in layers.items()
        for weight in layer_norm_weights(f"{name}.norm{number}{_NORM_SUFFIXES[kind]}", layer)
    ]
    return [
        *norms,
        *linear_weights(f"{name}.attn.qkv", block.attention.qkv),
        *linear_weights(f"{name}.attn.proj", block.attention.projection),
        *linear_weights(f"{name}.mlp.fc1", block.dense1),
        *linear_weights(f"{name}.mlp.fc2", block.dense2),
    ]


def clip_block_weights(name: str, block: TransformerBlock) -> list[TorchWeight]:
    """Returns where the entries of a block of OpenAI's CLIP go: `ln_1`, `attn`, `ln_2`, `mlp.c_fc`, `mlp.c_proj`.

    `attn` is a `torch.nn.MultiheadAttention`: `in_proj_weight`, `in_proj_bias`, `out_proj`.
    """
    (norm1,), (norm2,), qkv = block.norm1.values(), block.norm2.values(), block.attention.qkv
    inputs, outputs = qkv.kernel.shape
    return [
        *layer_norm_weights(f"{name}.ln_1", norm1),
        TorchWeight((f"{name}.attn.in_proj_weight",), (outputs, inputs), qkv.kernel, np.transpose),
        plain_weight(f"{name}.attn.in_proj_bias", qkv.bias),
        *linear_weights(f"{name}.attn.out_proj", block.attention.projection),
        *layer_norm_weights(f"{name}.ln_2", norm2),
        *linear_weights(f"{name}.mlp.c_fc", block.dense1),
        *linear_weights(f"{name}.mlp.c_proj", block.dense2),
    ]


def patch_embedding_weights(name: str, layer: PatchEmbedding) -> list[TorchWeight]:
    """Returns where the entries of a patch embedding's `torch.nn.Conv2d`, of this name, go: to a matrix on patches."""
    shape = (layer.embedding_dim, layer.channels, *layer.patch_size)
    kernel = TorchWeight(
        (f"{name}.weight",),
        shape,
        layer.kernel,
        lambda weight: weight.transpose(2, 3, 1, 0).reshape(-1, weight.shape[0]),
    )
    return [kernel] if layer.bias is None else [kernel, plain_weight(f"{name}.bias", layer.bias)]


def plain_weight(name: str, variable: keras.Variable) -> TorchWeight:
    """Returns where an entry goes that has the same form here: a token, or positions."""
    return TorchWeight((name,), tuple(variable.shape), variable, np.asarray)
