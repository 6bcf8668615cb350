"""Folders of published encoders of texts: BERT, RoBERTa, DistilBERT, sentence-transformers."""

import json
import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from comparators.generators.text_tokenizer import TextTokenizer
from comparators.models.bert_config import BERT_HEADS, bert_arguments, bert_state
from comparators.models.convert import load_state, read_state
from comparators.models.encoders.text_transformer_trunk import TextTransformerTrunk

_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
_OUTPUT_ACTIVATIONS = {"Identity": None, "Tanh": "tanh", "ReLU": "relu", "GELU": "gelu", "Sigmoid": "sigmoid"}
_MODULES = ("Transformer", "Pooling", "Dense", "Normalize")
_POOLING_FLAG = re.compile(r"pooling_mode_(\w+?)(_tokens?)?$")


@dataclass(frozen=True)
class TextCheckpoint:
    """What the folder of an encoder of texts holds.

    Args:
        trunk: the network, with its weights.
        tokenizer: its tokenizer.
        prompts: name -> what is put before a text.
        default_prompt: name of the one that is put where none is named; None for none.
        similarity: `"cosine"` or `"euclidean"`.
    """

    trunk: TextTransformerTrunk
    tokenizer: TextTokenizer
    prompts: Mapping[str, str]
    default_prompt: str | None
    similarity: str

    def prompt(self, name: str | None = None) -> str:
        """Returns a prompt by its name; without a name the default, "" where there is none.

        Raises:
            ValueError: there is no prompt of that name.
        """
        name = self.default_prompt if name is None else name
        if name is not None and name not in self.prompts:
            known = ", ".join(sorted(self.prompts)) or "none"
            raise ValueError(f"`prompt_name` must be one of the checkpoint's: {known}. Received: prompt_name={name!r}.")
        return "" if name is None else self.prompts[name]


def read_text_checkpoint(folder: str | os.PathLike, max_tokens: int | None = None) -> TextCheckpoint:
    """Reads a folder as `transformers` or sentence-transformers saves it, without these packages.

    Needed are `config.json`, `tokenizer.json` and `model.safetensors` (or `pytorch_model.bin`). What
    sentence-transformers adds is followed: its modules (the transformer, pooling, a dense layer, normalisation), the
    longest text, prompts and the similarity. A folder without `modules.json` has mean pooling, no more.

    Args:
        folder: of the checkpoint.
        max_tokens: most tokens of a text; None takes what the folder says.

    Raises:
        FileNotFoundError: files are missing; they are named.
        ValueError: a file is damaged, the network is of another architecture, or the weights do not fit.

    Example:
        >>> read_text_checkpoint("missing")
        Traceback (most recent call last):
        FileNotFoundError: There is no folder 'missing'. Name that of a checkpoint, with config.json and other files.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There is no folder '{folder}'. Name that of a checkpoint, with config.json and other files."
        )
    modules = _modules(folder)
    network = folder / modules.get("Transformer", "")
    weights = _check_files(network)
    config, limits = _read_json(network / "config.json"), _read_json(network / "sentence_bert_config.json", {})
    dense = _read_dense(folder / modules["Dense"]) if "Dense" in modules else {}
    trunk = TextTransformerTrunk(
        **bert_arguments(config),
        pooling=_pooling(folder / modules["Pooling"]) if "Pooling" in modules else "mean",
        output_dim=dense.get("output_dim"),
        output_activation=dense.get("output_activation"),
        normalize="Normalize" in modules,
    )
    load_state(trunk, {**bert_state(read_state(weights)), **dense.get("state", {})}, unused=BERT_HEADS)
    if max_tokens is None:
        own = _read_json(network / "tokenizer_config.json", {}).get("model_max_length")
        given = [value for value in (limits.get("max_seq_length"), own) if isinstance(value, int | float)]
        max_tokens = int(min([trunk.max_tokens, *given]))
    tokenizer = TextTokenizer.read(network / "tokenizer.json", max_tokens)
    if limits.get("do_lower_case"):
        tokenizer = TextTokenizer(_lower_cased(tokenizer.definition), max_tokens)
    settings = _read_json(folder / "config_sentence_transformers.json", {})
    if any((settings.get("prompts") or {}).values()) and "Pooling" in modules:
        _check_prompts_count(folder / modules["Pooling"] / "config.json")
    return TextCheckpoint(
        trunk,
        tokenizer,
        settings.get("prompts") or {},
        settings.get("default_prompt_name"),
        _similarity(settings.get("similarity_fn_name"), "Normalize" in modules),
    )


def _modules(folder: Path) -> dict[str, str]:
    """Returns the kinds of modules and their folders, in order; none for a folder of `transformers`."""
    modules = {}
    for module in _read_json(folder / "modules.json", []):
        kind = str(module.get("type")).rpartition(".")[-1]
        if kind not in _MODULES or kind in modules:
            raise ValueError(
                f"The modules must be {', '.join(_MODULES)}, each once. Received: {kind} ({module.get('type')}) in "
                f"'{folder / 'modules.json'}'. Other kinds are not known."
            )
        modules[kind] = module.get("path", "")
    if modules and list(modules) != [kind for kind in _MODULES if kind in modules]:
        raise ValueError(
            f"The modules must be in the order {', '.join(_MODULES)}. Received: {', '.join(modules)} in "
            f"'{folder / 'modules.json'}'."
        )
    return modules


def _check_prompts_count(path: Path) -> None:
    if not _read_json(path, {}).get("include_prompt", True):
        raise ValueError(
            f"The tokens of a prompt must count in the pooling. Received: include_prompt=false in '{path}'. Take "
            "another checkpoint, or empty its prompts in config_sentence_transformers.json and do without them."
        )


def _check_files(folder: Path) -> Path:
    """Returns the file of the weights, or names what is missing."""
    weights = [folder / name for name in _WEIGHT_FILES if (folder / name).is_file()]
    missing = [name for name in ("config.json", "tokenizer.json") if not (folder / name).is_file()]
    missing += [] if weights else [" or ".join(_WEIGHT_FILES)]
    if missing:
        hint = "" if weights else " Weights in several parts (model.safetensors.index.json) must be saved as one file."
        if "tokenizer.json" in missing:
            hint = (
                " `AutoTokenizer.from_pretrained(folder).save_pretrained(folder)` of transformers makes tokenizer.json."
            )
        raise FileNotFoundError(f"Missing in the checkpoint '{folder}': {', '.join(missing)}.{hint}")
    return weights[0]


def _read_json(path: Path, default=None):
    if default is not None and not path.is_file():
        return default
    if not path.is_file():
        raise FileNotFoundError(f"Missing in the checkpoint: '{path}'.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"Not JSON, or damaged: '{path}' ({error}). Copy the checkpoint again.") from error
    if not isinstance(content, dict | list) or (default is not None and type(content) is not type(default)):
        raise ValueError(f"Not what a checkpoint has: '{path}'. Copy the checkpoint again.")
    return content


def _pooling(folder: Path) -> str:
    config = _read_json(folder / "config.json")
    modes = config.get("pooling_mode")
    if modes is None:  # a flag for each, before version 6
        flags = ((_POOLING_FLAG.match(name), value) for name, value in config.items())
        modes = [found.group(1) for found, value in flags if found and value is True] or ["mean"]
    modes = [modes] if isinstance(modes, str) else list(modes)
    if len(modes) != 1 or modes[0] not in ("mean", "max", "cls"):
        raise ValueError(
            f"The pooling must be mean, max or cls. Received: {', '.join(map(str, modes))} in "
            f"'{folder / 'config.json'}'."
        )
    return modes[0]


def _read_dense(folder: Path) -> dict:
    """Returns the arguments and the weights of the dense layer after pooling."""
    config = _read_json(folder / "config.json")
    activation = str(config.get("activation_function", "Tanh")).rpartition(".")[-1].removesuffix("()")
    if activation not in _OUTPUT_ACTIVATIONS or config.get("use_residual"):
        raise ValueError(
            f"The dense layer's activation must be one of {', '.join(_OUTPUT_ACTIVATIONS)}, without a residual. "
            f"Received: {activation}, use_residual={bool(config.get('use_residual'))} in '{folder / 'config.json'}'."
        )
    weights = [folder / name for name in _WEIGHT_FILES if (folder / name).is_file()]
    if not weights:
        raise FileNotFoundError(f"Missing in the checkpoint '{folder}': {' or '.join(_WEIGHT_FILES)}.")
    state = read_state(weights[0])
    if not config.get("bias", True):
        state = state | {"linear.bias": np.zeros(config["out_features"], np.float32)}
    return {
        "output_dim": config["out_features"],
        "output_activation": _OUTPUT_ACTIVATIONS[activation],
        "state": state,
    }


def _similarity(name: str | None, normalized: bool) -> str:
    if name in ("cosine", "euclidean", None) or (name == "dot" and normalized):
        return "euclidean" if name == "euclidean" else "cosine"
    warnings.warn(f"The checkpoint compares by {name!r}; here its embeddings are compared by the cosine.", stacklevel=4)
    return "cosine"


def _lower_cased(definition: str) -> str:
    parsed = json.loads(definition)
    own = parsed.get("normalizer")
    parsed["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Lowercase"}, *([own] if own else [])]}
    return json.dumps(parsed, ensure_ascii=False)
