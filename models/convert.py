"""PyTorch weights into our networks: by name, strictly."""

import os
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import keras
import numpy as np

from comparators.models.safetensors_file import read_safetensors
from comparators.models.torch_checkpoint import read_torch_checkpoint
from comparators.models.weight_file import check_weight_file

_COUNTER = "num_batches_tracked"
# What trainings call the state dict where they save more beside it.
_PARTS = ("model", "state_dict")
_MOST_LISTED = 12


@dataclass(frozen=True)
class TorchWeight:
    """Where the entries of a PyTorch state dict go, and how.

    Args:
        names: of the entries that make the variable; mostly one, two for the biases of an LSTM.
        shape: of each entry, in PyTorch's layout.
        variable: ours.
        convert: from the entries' arrays to the variable's value.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]
    variable: keras.Variable
    convert: Callable[..., np.ndarray]


class TorchForm(Protocol):
    """A network whose weights have names in a PyTorch state dict."""

    def torch_weights(self) -> Sequence[TorchWeight]: ...


def linear_weights(name: str, layer: keras.layers.Dense) -> list[TorchWeight]:
    """Returns where the entries of a `torch.nn.Linear` go: `[out, in]` to `(in, out)`."""
    inputs, outputs = layer.kernel.shape
    return [
        TorchWeight((f"{name}.weight",), (outputs, inputs), layer.kernel, np.transpose),
        *_vector(f"{name}.bias", layer.bias if layer.use_bias else None),
    ]


def conv2d_weights(name: str, layer: keras.layers.Conv2D) -> list[TorchWeight]:
    """Returns where the entries of a `torch.nn.Conv2d` go: `[out, in, height, width]` to `(height, width, in, out)`."""
    height, width, inputs, outputs = layer.kernel.shape
    return [
        TorchWeight(
            (f"{name}.weight",), (outputs, inputs, height, width), layer.kernel, lambda w: w.transpose(2, 3, 1, 0)
        ),
        *_vector(f"{name}.bias", layer.bias if layer.use_bias else None),
    ]


def conv2d_over_time_weights(name: str, layer: keras.layers.Layer) -> list[TorchWeight]:
    """Returns where the entries of a `torch.nn.Conv2d` go whose image is `(1, time)`: to a one-dimensional convolution.

    `[out, in, 1, width]` becomes `(width, in, out)`. So does `[out, 1, bands, 1]`, which sees all bands of one frame:
    the bands are channels for us, `(1, bands, out)`.
    """
    width, inputs, outputs = layer.kernel.shape
    shape = (outputs, inputs, 1, width)
    return [
        TorchWeight((f"{name}.weight",), shape, layer.kernel, lambda w: w[:, :, 0].transpose(2, 1, 0)),
        *_vector(f"{name}.bias", layer.bias if layer.use_bias else None),
    ]


def conv2d_over_bands_weights(name: str, layer: keras.layers.Layer) -> list[TorchWeight]:
    """Returns where the entries of a `torch.nn.Conv2d` go that sees all bands of some frames at once.

    `[out, 1, bands, width]` becomes `(width, bands, out)`: the bands are the channels of a convolution over time.
    """
    width, bands, outputs = layer.kernel.shape
    shape = (outputs, 1, bands, width)
    return [
        TorchWeight((f"{name}.weight",), shape, layer.kernel, lambda w: w[:, 0].transpose(2, 1, 0)),
        *_vector(f"{name}.bias", layer.bias if layer.use_bias else None),
    ]


def lstm_weights(name: str, index: int, layer: keras.layers.LSTM) -> list[TorchWeight]:
    """Returns where the entries of one layer of a `torch.nn.LSTM` go: gates in the same order, its two biases added.

    Args:
        name: of the `torch.nn.LSTM`.
        index: of the layer in it.
        layer: ours.
    """
    cell = layer.cell
    units, (inputs, gates) = cell.units, cell.kernel.shape
    return [
        TorchWeight((f"{name}.weight_ih_l{index}",), (gates, inputs), cell.kernel, np.transpose),
        TorchWeight((f"{name}.weight_hh_l{index}",), (gates, units), cell.recurrent_kernel, np.transpose),
        TorchWeight((f"{name}.bias_ih_l{index}", f"{name}.bias_hh_l{index}"), (gates,), cell.bias, np.add),
    ]


def batch_norm_weights(name: str, layer: keras.layers.Layer) -> list[TorchWeight]:
    """Returns where the entries of a `torch.nn.BatchNorm1d` or `BatchNorm2d` go."""
    return [
        *_vector(f"{name}.weight", layer.gamma),
        *_vector(f"{name}.bias", layer.beta),
        *_vector(f"{name}.running_mean", layer.moving_mean),
        *_vector(f"{name}.running_var", layer.moving_variance),
    ]


def layer_norm_weights(name: str, layer: keras.layers.LayerNormalization) -> list[TorchWeight]:
    """Returns where the entries of a `torch.nn.LayerNorm` go."""
    return [*_vector(f"{name}.weight", layer.gamma), *_vector(f"{name}.bias", layer.beta)]


def prefixed(prefix: str, weights: Sequence[TorchWeight]) -> list[TorchWeight]:
    """Returns the weights of a part, with the name of the part before each of their names.

    Example:
        >>> layer = keras.layers.LayerNormalization()
        >>> layer.build((None, 4))
        >>> [weight.names for weight in prefixed("audio_model.", layer_norm_weights("norm", layer))]
        [('audio_model.norm.weight',), ('audio_model.norm.bias',)]
    """
    return [replace(weight, names=tuple(prefix + name for name in weight.names)) for weight in weights]


def _vector(name: str, variable: keras.Variable | None) -> list[TorchWeight]:
    return [] if variable is None else [TorchWeight((name,), tuple(variable.shape), variable, np.asarray)]


def read_state(source: str | os.PathLike | Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Reads a PyTorch state dict, without PyTorch.

    A leading `module.`, which `DataParallel` adds, is taken off, and the counters of batch normalisation are left out.
    Of a checkpoint of a training, which holds its state dict as `model` or `state_dict`, only that is read.

    Args:
        source: a file `*.npz`, `*.safetensors`, or as `torch.save` writes it (`*.pt`, `*.pth`, ...); or its content,
            with values that NumPy can read.

    Returns:
        name -> array, in PyTorch's layout.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or holds something else than names and arrays.

    Example:
        >>> state = {"module.bn.weight": np.ones(3), "module.bn.num_batches_tracked": np.array(7)}
        >>> read_state(state)
        {'bn.weight': array([1., 1., 1.])}
    """
    content = source if isinstance(source, Mapping) else _read_file(Path(source))
    state = next((content[part] for part in _PARTS if isinstance(content.get(part), Mapping)), content)
    wrong = [name for name, value in state.items() if not _is_array(value)]
    if wrong:
        raise ValueError(
            f"A state dict has names and arrays. Received: {_listed(wrong)} of other types. Where the checkpoint holds "
            "its state dict under another name than `model` or `state_dict`, hand over that part, such as "
            "`comparators.models.torch_checkpoint.read_torch_checkpoint(path)['net']`."
        )
    return {
        name.removeprefix("module."): np.asarray(value)
        for name, value in state.items()
        if name.rpartition(".")[-1] != _COUNTER
    }


def load_state(
    network: TorchForm,
    source: str | os.PathLike | Mapping[str, np.ndarray],
    unused: Collection[str] = (),
) -> None:
    """Sets all weights of a network from a PyTorch state dict, or none.

    Args:
        network: a built network with `torch_weights()`.
        source: file or state dict, see `read_state`.
        unused: names of the state dict, or beginnings of names that end in a full stop, which have no place in the
            network and are left out knowingly, such as `"fc."`.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: the network has no form in PyTorch.
        ValueError: a name is missing, unexpected, of another shape, or has values that are not finite; all are listed.

    Example:
        >>> class Line(keras.Sequential):
        ...     def torch_weights(self):
        ...         return linear_weights("line", self.layers[0])
        >>> network = Line([keras.Input((2,)), keras.layers.Dense(1)])
        >>> load_state(network, {"line.weight": [[1.0, 2.0]], "line.bias": [3.0]})
        >>> network.predict(np.ones((1, 2)), verbose=0).tolist()
        [[6.0]]
        >>> load_state(network, {"line.weight": [[1.0]], "lime.bias": [3.0]})
        Traceback (most recent call last):
        ValueError: The weights do not fit, and nothing was loaded. Missing: line.bias. Unexpected: lime.bias. Of \
another shape: line.weight is (1, 1), not (1, 2).
    """
    if not hasattr(network, "torch_weights"):
        raise TypeError(
            "`network` must have `torch_weights()`, its form in PyTorch; a part of it may, such as a trunk. "
            f"Received: {type(network).__name__}."
        )
    weights, state = network.torch_weights(), read_state(source)
    shapes = {name: weight.shape for weight in weights for name in weight.names}
    kept = {name for name in state if name in shapes or not _is_unused(name, unused)}
    problems = {
        "Missing": sorted(shapes.keys() - state.keys()),
        "Unexpected": sorted(kept - shapes.keys()),
        "Of another shape": [
            f"{name} is {state[name].shape}, not {shape}"
            for name, shape in shapes.items()
            if name in state and state[name].shape != shape
        ],
        "Not finite": [name for name in shapes if name in state and not np.isfinite(state[name]).all()],
    }
    if any(problems.values()):
        found = " ".join(f"{problem}: {_listed(names)}." for problem, names in problems.items() if names)
        raise ValueError(f"The weights do not fit, and nothing was loaded. {found}")
    for weight in weights:
        weight.variable.assign(weight.convert(*(state[name] for name in weight.names)))


def _read_file(path: Path) -> Mapping:
    if path.suffix == ".npz":
        check_weight_file(path, "a file that `numpy.savez` wrote")
        try:
            with np.load(path, allow_pickle=False) as file:
                return dict(file)
        except (ValueError, OSError, EOFError, TypeError, BadZipFile, zlib.error) as error:
            raise ValueError(f"{path} is no file of `numpy.savez`, or damaged.") from error
    state = read_safetensors(path) if path.suffix == ".safetensors" else read_torch_checkpoint(path)
    if not isinstance(state, Mapping):
        raise ValueError(f"{path} must hold a state dict, names and arrays. Received: {type(state).__name__}.")
    return state


def _is_array(value) -> bool:
    try:
        return np.asarray(value).dtype.kind in "fiub"
    except (TypeError, ValueError):
        return False


def _is_unused(name: str, unused: Collection[str]) -> bool:
    return any(name == known or (known.endswith(".") and name.startswith(known)) for known in unused)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_LISTED
    return ", ".join(names[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
