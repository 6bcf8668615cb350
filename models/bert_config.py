"""BERT, RoBERTa and DistilBERT as `transformers` describes and saves them."""

from collections.abc import Mapping

import numpy as np

MODEL_TYPES = ("bert", "distilbert", "roberta", "xlm-roberta")

_ACTIVATIONS = {"gelu_new": "tanh_gelu", "gelu_pytorch_tanh": "tanh_gelu", "gelu_fast": "tanh_gelu"} | {
    name: name for name in ("gelu", "relu", "quick_gelu")
}
# Heads of other tasks, and constants that older versions saved.
BERT_HEADS = ("pooler.", "cls.", "lm_head.", "classifier.", "qa_outputs.", "vocab_transform.", "vocab_layer_norm.")
BERT_HEADS += ("vocab_projector.", "embeddings.position_ids", "embeddings.token_type_ids")
# DistilBERT's names, and those that TensorFlow's LayerNorm left in old files.
_RENAMED = (
    ("transformer.layer.", "encoder.layer."),
    (".attention.q_lin.", ".attention.self.query."),
    (".attention.k_lin.", ".attention.self.key."),
    (".attention.v_lin.", ".attention.self.value."),
    (".attention.out_lin.", ".attention.output.dense."),
    (".sa_layer_norm.", ".attention.output.LayerNorm."),
    (".ffn.lin1.", ".intermediate.dense."),
    (".ffn.lin2.", ".output.dense."),
    (".output_layer_norm.", ".output.LayerNorm."),
    (".LayerNorm.gamma", ".LayerNorm.weight"),
    (".LayerNorm.beta", ".LayerNorm.bias"),
)


def bert_arguments(config: Mapping) -> dict:
    """Returns the arguments of a `TextTransformerTrunk` from what `config.json` holds.

    Raises:
        ValueError: the network is of another architecture, or its sizes are missing or no sizes.

    Example:
        >>> bert_arguments({"model_type": "gpt2"})
        Traceback (most recent call last):
        ValueError: The network must be of one of the types bert, distilbert, roberta, xlm-roberta. Received: \
model_type='gpt2' in config.json.
    """
    kind = config.get("model_type")
    if kind not in MODEL_TYPES:
        raise ValueError(
            f"The network must be of one of the types {', '.join(MODEL_TYPES)}. Received: model_type={kind!r} in "
            "config.json."
        )
    positions = config.get("position_embedding_type", "absolute")
    if positions != "absolute" or config.get("is_decoder"):
        raise ValueError(
            "The network must be an encoder with absolute positions. Received: "
            f"position_embedding_type={positions!r}, is_decoder={bool(config.get('is_decoder'))} in config.json."
        )
    distilled = kind == "distilbert"
    activation = config.get("activation" if distilled else "hidden_act", "gelu")
    if activation not in _ACTIVATIONS:
        raise ValueError(
            f"The activation must be one of {', '.join(_ACTIVATIONS)}. Received: {activation!r} in config.json."
        )
    # RoBERTa counts its positions from the one after the number of the padding token.
    offset = config.get("pad_token_id", 1) + 1 if kind.endswith("roberta") else 0
    names = ("dim", "n_layers", "n_heads", "hidden_dim", "dropout")
    if not distilled:
        names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_dropout_prob")
    missing = [name for name in ("vocab_size", "max_position_embeddings", *names[:4]) if name not in config]
    if missing:
        raise ValueError(f"config.json must have all sizes of the network. Missing: {', '.join(missing)}.")
    for name in ("vocab_size", "max_position_embeddings", *names[:4]):
        if type(config[name]) is not int or config[name] < 1:
            raise ValueError(f"The sizes in config.json must be positive integers. Received: {name}={config[name]!r}.")
    return {
        "vocabulary_size": config["vocab_size"],
        "max_tokens": config["max_position_embeddings"] - offset,
        "embedding_dim": config[names[0]],
        "depth": config[names[1]],
        "num_heads": config[names[2]],
        "hidden_dim": config[names[3]],
        "activation": _ACTIVATIONS[activation],
        "num_token_types": 0 if distilled else config.get("type_vocab_size", 2),
        "position_offset": offset,
        "epsilon": 1e-12 if distilled else config.get("layer_norm_eps", 1e-12),
        "dropout": config.get(names[4], 0.1),
    }


def bert_state(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the encoder's entries by BERT's names; in models for other tasks they have a prefix, such as `bert.`.

    Example:
        >>> list(bert_state({"distilbert.embeddings.word_embeddings.weight": np.ones(1), "vocab_projector.bias": 0}))
        ['embeddings.word_embeddings.weight']
    """
    last = "embeddings.word_embeddings.weight"
    prefix = next((name.removesuffix(last) for name in state if name.endswith(last)), "")
    renamed = {}
    for name, value in state.items():
        if name.startswith(prefix):
            name = name.removeprefix(prefix)
            for theirs, ours in _RENAMED:
                name = name.replace(theirs, ours)
            renamed[name] = value
    return renamed
