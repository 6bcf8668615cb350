"""Where the entries of PyTorch's BERT go: the names of `transformers`."""

import numpy as np

from comparators.custom_layers.token_embedding import TokenEmbedding
from comparators.custom_layers.transformer_block import TransformerBlock
from comparators.models.convert import TorchWeight, layer_norm_weights, linear_weights
from comparators.models.transformer_weights import plain_weight


def bert_embedding_weights(name: str, layer: TokenEmbedding) -> list[TorchWeight]:
    """Returns where the entries of BERT's embeddings go: words, positions, types, LayerNorm."""
    weights = [
        plain_weight(f"{name}.word_embeddings.weight", layer.words),
        plain_weight(f"{name}.position_embeddings.weight", layer.positions),
    ]
    if layer.types is not None:
        weights.append(plain_weight(f"{name}.token_type_embeddings.weight", layer.types))
    return weights + layer_norm_weights(f"{name}.LayerNorm", layer.norm)


def bert_block_weights(name: str, block: TransformerBlock) -> list[TorchWeight]:
    """Returns where the entries of one of BERT's layers go; its queries, keys and values make one matrix here."""
    dim, qkv = block.embedding_dim, block.attention.qkv
    own = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    return [
        TorchWeight(tuple(f"{part}.weight" for part in own), (dim, dim), qkv.kernel, _side_by_side),
        TorchWeight(tuple(f"{part}.bias" for part in own), (dim,), qkv.bias, _side_by_side),
        *linear_weights(f"{name}.attention.output.dense", block.attention.projection),
        *layer_norm_weights(f"{name}.attention.output.LayerNorm", block.norm1["norm"]),
        *linear_weights(f"{name}.intermediate.dense", block.dense1),
        *linear_weights(f"{name}.output.dense", block.dense2),
        *layer_norm_weights(f"{name}.output.LayerNorm", block.norm2["norm"]),
    ]


def _side_by_side(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate([part.T for part in parts], axis=-1)
