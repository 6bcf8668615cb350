"""Published checkpoints of CLIP: their names brought to one form, and the sizes of their networks."""

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from comparators.models.convert import read_state

# Numbers and masks beside the weights; none of them is learnt.
_BUFFERS = ("input_resolution", "context_length", "vocab_size", "attn_mask", "position_ids")
_NUMBERS = ("logit_scale", "logit_bias")
# Hugging Face's names, part by part, and OpenAI's.
_HUGGING_FACE = (
    (r"^vision_model\.embeddings\.class_embedding$", "visual.class_embedding"),
    (r"^vision_model\.embeddings\.patch_embedding\.", "visual.conv1."),
    (r"^vision_model\.embeddings\.position_embedding\.weight$", "visual.positional_embedding"),
    (r"^vision_model\.pre_layrnorm\.", "visual.ln_pre."),
    (r"^vision_model\.post_layernorm\.", "visual.ln_post."),
    (r"^vision_model\.encoder\.layers\.", "visual.transformer.resblocks."),
    (r"^text_model\.embeddings\.token_embedding\.", "token_embedding."),
    (r"^text_model\.embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^text_model\.final_layer_norm\.", "ln_final."),
    (r"^text_model\.encoder\.layers\.", "transformer.resblocks."),
    (r"\.layer_norm([12])\.", r".ln_\1."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
    (r"\.self_attn\.out_proj\.", ".attn.out_proj."),
)
_NEEDED = (
    "positional_embedding",
    "token_embedding.weight",
    "text_projection",
    "ln_final.weight",
    "visual.conv1.weight",
)
# Of a folder, in this order.
_FILES = ("model.safetensors", "open_clip_model.safetensors", "pytorch_model.bin", "open_clip_pytorch_model.bin")


@dataclass(frozen=True)
class ClipSizes:
    """What a CLIP is made with, but its vocabulary.

    Args:
        embedding_dim: values of an embedding.
        image_size: height and width of the pictures.
        image_width: values of a token; of a residual network, channels of its first stage.
        image_depth: blocks; of a residual network, those of each stage.
        patch_size: height and width of a patch; None in a residual network.
        text_width: values of a token.
        text_depth: blocks.
        max_tokens: of a text.
    """

    embedding_dim: int
    image_size: int
    image_width: int
    image_depth: int | tuple[int, ...]
    patch_size: int | None
    text_width: int
    text_depth: int = 12
    max_tokens: int = 77


#: The networks that OpenAI published, by open_clip's names.
ARCHITECTURES = {
    "RN50": ClipSizes(1024, 224, 64, (3, 4, 6, 3), None, 512),
    "RN101": ClipSizes(512, 224, 64, (3, 4, 23, 3), None, 512),
    "RN50x4": ClipSizes(640, 288, 80, (4, 6, 10, 6), None, 640),
    "RN50x16": ClipSizes(768, 384, 96, (6, 8, 18, 8), None, 768),
    "RN50x64": ClipSizes(1024, 448, 128, (3, 15, 36, 10), None, 1024),
    "ViT-B-32": ClipSizes(512, 224, 768, 12, 32, 512),
    "ViT-B-16": ClipSizes(512, 224, 768, 12, 16, 512),
    "ViT-L-14": ClipSizes(768, 224, 1024, 24, 14, 768),
    "ViT-L-14-336": ClipSizes(768, 336, 1024, 24, 14, 768),
}


def read_clip_state(source: str | os.PathLike | Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Reads a CLIP's state dict, with OpenAI's names.

    Args:
        source: file or state dict, see `read_state`: of OpenAI or open_clip (the weights alone, or as its training
            saves them), or of Hugging Face's `CLIPModel`; or a folder with such a file, as Hugging Face has it.

    Returns:
        name -> array.

    Raises:
        FileNotFoundError: there is no such file, or none in the folder.
        ValueError: it is no state dict, or that of another kind of network.

    Example:
        >>> read_clip_state({"fc.weight": np.ones((2, 2))})
        Traceback (most recent call last):
        ValueError: This is no checkpoint of CLIP: it lacks positional_embedding, token_embedding.weight, \
text_projection, ln_final.weight, visual.conv1.weight, visual.positional_embedding. Received: fc.weight. Give a CLIP \
that OpenAI, open_clip or Hugging Face's `CLIPModel` saved; other networks of texts and pictures have other forms.
    """
    source = source if isinstance(source, Mapping) else _file_of(Path(source))
    state = {name: value for name, value in read_state(source).items() if not name.endswith(_BUFFERS)}
    if any(name.startswith("vision_model.") for name in state):
        state = _with_openai_names(state)
    elif any(name.startswith("text.") for name in state):  # open_clip's form with a text network of its own
        state = {name.removeprefix("text."): value for name, value in state.items()}
    attention = "visual.attnpool.positional_embedding"
    needed = (*_NEEDED, attention if attention in state else "visual.positional_embedding")
    missing = [name for name in needed if name not in state]
    if missing:
        raise ValueError(
            f"This is no checkpoint of CLIP: it lacks {', '.join(missing)}. Received: {', '.join(list(state)[:4])}"
            f"{', ...' if len(state) > 4 else ''}. Give a CLIP that OpenAI, open_clip or Hugging Face's "
            "`CLIPModel` saved; other networks of texts and pictures have other forms."
        )
    numbers = {name: np.reshape(state[name], ()) for name in _NUMBERS if np.size(state.get(name, ())) == 1}
    return state | numbers


def settings_of(source: str | os.PathLike | Mapping) -> dict[str, str | int]:
    """Reads what the weights do not tell from the settings beside them, where a folder has such.

    Args:
        source: as `read_clip_state` takes it.

    Returns:
        Those there are of `"activation"`, `"image_heads"` and `"text_heads"`: of Hugging Face's `config.json`, or of
        `open_clip_config.json`; nothing for a file or a state dict alone.

    Raises:
        ValueError: the settings are no JSON, or name an activation that is not known.

    Example:
        >>> settings_of({})
        {}
    """
    if isinstance(source, Mapping) or not Path(source).is_dir():
        return {}
    own, other = (_read_settings(Path(source) / name) for name in ("open_clip_config.json", "config.json"))
    if own:
        model = own.get("model_cfg", own)
        image, text = model.get("vision_cfg", {}), model.get("text_cfg", {})
        width, head_width = image.get("width"), image.get("head_width")
        heads = width // head_width if isinstance(width, int) and isinstance(head_width, int) else None
        found = {"image_heads": heads, "text_heads": text.get("heads")}
        found["activation"] = "quick_gelu" if model.get("quick_gelu") else "gelu"
    else:
        image, text = other.get("vision_config") or {}, other.get("text_config") or {}
        found = {"image_heads": image.get("num_attention_heads"), "text_heads": text.get("num_attention_heads")}
        found["activation"] = image.get("hidden_act", text.get("hidden_act"))
    activation = found["activation"]
    if activation not in ("gelu", "quick_gelu", None):
        raise ValueError(
            f"The activation must be gelu or quick_gelu. Received: {activation!r} in the settings in '{source}'."
        )
    return {name: value for name, value in found.items() if value is not None}


def _read_settings(path: Path) -> dict:
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"Not JSON: '{path}' ({error}). Copy the file again.") from error


def sizes_of(state: Mapping[str, np.ndarray]) -> ClipSizes:
    """Works out the sizes of a network from the shapes of its entries.

    Args:
        state: as `read_clip_state` returns it.

    Returns:
        The sizes.

    Raises:
        ValueError: the pictures are no squares.
    """
    pooled = state.get("visual.attnpool.positional_embedding")
    if pooled is None:
        kernel = state["visual.conv1.weight"]
        positions, patch_size = state["visual.positional_embedding"], kernel.shape[-1]
        width, depth, cell = kernel.shape[0], _count(state, r"visual\.transformer\.resblocks\.(\d+)\."), patch_size
    else:
        positions, patch_size = pooled, None
        width = state["visual.layer1.0.conv1.weight"].shape[0]
        depth = tuple(_count(state, rf"visual\.layer{stage}\.(\d+)\.") for stage in range(1, 5))
        cell = 32
    side = math.isqrt(len(positions) - 1)
    if side * side != len(positions) - 1:
        raise ValueError(
            f"The pictures of the checkpoint must be squares. Received: positions for {len(positions) - 1} places."
        )
    return ClipSizes(
        embedding_dim=state["text_projection"].shape[1],
        image_size=side * cell,
        image_width=width,
        image_depth=depth,
        patch_size=patch_size,
        text_width=state["ln_final.weight"].shape[0],
        text_depth=_count(state, r"transformer\.resblocks\.(\d+)\."),
        max_tokens=state["positional_embedding"].shape[0],
    )


def _file_of(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = [path / name for name in _FILES if (path / name).is_file()]
    if not found:
        raise FileNotFoundError(f"The folder {path} must hold the weights, one of {', '.join(_FILES)}. Name a file.")
    return found[0]


def _count(state: Mapping[str, np.ndarray], pattern: str) -> int:
    """Counts the blocks whose names begin so."""
    return len({found[1] for found in map(re.compile(pattern).match, state) if found})


def _with_openai_names(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Queries, keys and values are three layers for Hugging Face, and one for OpenAI; projections are turned."""
    renamed = {}
    for name, value in state.items():
        for pattern, new in _HUGGING_FACE:
            name = re.sub(pattern, new, name)
        renamed[name] = value
    for name in [name for name in renamed if ".self_attn.q_proj." in name]:
        parts = [renamed.pop(name.replace("q_proj", part), None) for part in ("q_proj", "k_proj", "v_proj")]
        if not any(part is None for part in parts):
            renamed[name.replace("self_attn.q_proj.", "attn.in_proj_")] = np.concatenate(parts)
    for old, new in (("visual_projection.weight", "visual.proj"), ("text_projection.weight", "text_projection")):
        if old in renamed:
            renamed[new] = renamed.pop(old).T
    return renamed
