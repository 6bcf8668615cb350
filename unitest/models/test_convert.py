"""PyTorch weights by name: what is read, what is listed where they do not fit, and that it is all or nothing."""

import importlib.util
import json
import struct

import keras
import numpy as np
import pytest
from keras import ops

from comparators.models.convert import (
    TorchWeight,
    batch_norm_weights,
    conv2d_over_bands_weights,
    conv2d_over_time_weights,
    conv2d_weights,
    layer_norm_weights,
    linear_weights,
    load_state,
    lstm_weights,
    read_state,
)


class Network:
    """A convolution, a batch normalisation and a linear layer."""

    def __init__(self):
        self.convolution = keras.layers.Conv2D(3, (2, 1), use_bias=False)
        self.normalization = keras.layers.BatchNormalization(epsilon=1e-5)
        self.linear = keras.layers.Dense(4)
        self.convolution.build((None, None, None, 2))
        self.normalization.build((None, None, None, 3))
        self.linear.build((None, 3))

    def torch_weights(self) -> list[TorchWeight]:
        return [
            *conv2d_weights("conv", self.convolution),
            *batch_norm_weights("bn", self.normalization),
            *linear_weights("fc", self.linear),
        ]

    def values(self) -> list[np.ndarray]:
        layers = (self.convolution, self.normalization, self.linear)
        return [value for layer in layers for value in layer.get_weights()]


SHAPES = {
    "conv.weight": (3, 2, 2, 1),
    "bn.weight": (3,),
    "bn.bias": (3,),
    "bn.running_mean": (3,),
    "bn.running_var": (3,),
    "fc.weight": (4, 3),
    "fc.bias": (4,),
}


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def state():
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


@pytest.fixture
def file(state, tmp_path):
    """`file(suffix)`: the state in a file, with the names that parallel training gives."""

    def file(suffix: str):
        path = tmp_path / f"state{suffix}"
        named = {f"module.{name}": value for name, value in state.items()} | {
            "module.bn.num_batches_tracked": np.array(7)
        }
        if suffix == ".npz":
            np.savez(path, **named)
        elif suffix == ".safetensors":
            write_safetensors(path, named)
        else:
            torch = pytest.importorskip("torch", reason="PyTorch is not installed")
            torch.save({name: torch.tensor(value) for name, value in named.items()}, path)
        return path

    return file


def write_safetensors(path, tensors: dict[str, np.ndarray]) -> None:
    names = {"float32": "F32", "int64": "I64"}
    header, data = {}, b""
    for name, tensor in tensors.items():
        end = len(data) + tensor.nbytes
        header[name] = {"dtype": names[tensor.dtype.name], "shape": tensor.shape, "data_offsets": [len(data), end]}
        data += tensor.tobytes()
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + data)


def check_values(network: Network, state: dict) -> None:
    kernel, gamma, beta, mean, variance, weight, bias = network.values()
    np.testing.assert_array_equal(kernel, np.einsum("oihw->hwio", state["conv.weight"]))
    for value, name in zip(
        (gamma, beta, mean, variance), ("weight", "bias", "running_mean", "running_var"), strict=True
    ):
        np.testing.assert_array_equal(value, state[f"bn.{name}"])
    np.testing.assert_array_equal(weight, state["fc.weight"].T)
    np.testing.assert_array_equal(bias, state["fc.bias"])


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pt"])
def test_files(network, state, file, suffix):
    path = file(suffix)
    assert read_state(path).keys() == state.keys()
    load_state(network, path)
    check_values(network, state)


def test_all_that_does_not_fit_is_listed_and_nothing_is_loaded(network, state):
    before = network.values()
    del state["fc.bias"], state["bn.running_var"]
    state |= {"conv.weight": np.zeros((3, 2, 1, 2)), "fc.weight": np.zeros(12), "head.weight": np.zeros(2)}
    with pytest.raises(ValueError, match="do not fit, and nothing was loaded") as error:
        load_state(network, state)
    for text in (
        "Missing: bn.running_var, fc.bias.",
        "Unexpected: head.weight.",
        "Of another shape: conv.weight is (3, 2, 1, 2), not (3, 2, 2, 1), fc.weight is (12,), not (4, 3).",
    ):
        assert text in str(error.value)
    for old, new in zip(before, network.values(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_values_that_are_not_finite_are_named(network, state):
    state["fc.bias"] = np.full_like(state["fc.bias"], np.nan)
    with pytest.raises(ValueError, match=r"nothing was loaded. Not finite: fc\.bias\."):
        load_state(network, state)


def test_a_network_without_a_form_in_pytorch_is_named(state):
    with pytest.raises(TypeError, match=r"must have `torch_weights\(\)`.* Received: Sequential"):
        load_state(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]), state)


def test_long_lists_are_cut(network):
    with pytest.raises(ValueError, match=r"Unexpected: other.0, other.1, .* and 28 more\."):
        load_state(network, {f"other.{index}": np.zeros(1) for index in range(40)})


def test_unused_names(network, state):
    more = state | {"head.0.weight": np.zeros(3), "head.1": np.zeros(3), "heading": np.zeros(3)}
    with pytest.raises(ValueError, match=r"Unexpected: heading\.$"):
        load_state(network, more, unused=("head.",))
    load_state(network, more, unused=("head.", "heading"))
    check_values(network, state)
    with pytest.raises(ValueError, match=r"Missing: fc.bias"):
        load_state(network, {name: value for name, value in state.items() if name != "fc.bias"}, unused=("fc.",))


def test_a_name_of_the_network_is_used_whatever_is_unused(network, state):
    load_state(network, state, unused=("fc.",))
    check_values(network, state)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"net": {"conv.weight": 1}, "epoch": 3}, r"names and arrays. Received: net of other types. .*\['net'\]"),
        ({"a": "text"}, r"Received: a of other types"),
    ],
)
def test_states_of_other_things(content, message):
    with pytest.raises(ValueError, match=message):
        read_state(content)


@pytest.mark.parametrize("part", ["model", "state_dict"])
def test_a_checkpoint_of_a_training(part):
    content = {part: {"module.fc.bias": np.ones(2)}, "optimizer": {"state": {}}, "epoch": 3, "scaler": None}
    assert list(read_state(content)) == ["fc.bias"]
    assert list(read_state({part: np.ones(2)})) == [part], "an entry that has that name"


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pt"])
def test_missing_and_damaged_files(file, suffix, tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        read_state(tmp_path / f"missing{suffix}")
    path = file(suffix)
    content = path.read_bytes()
    for damaged in (b"", b"words", content[: len(content) // 2], content[:-1]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=path.name):
            read_state(path)


def test_a_checkpoint_that_is_no_dictionary(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.save([torch.ones(2)], tmp_path / "list.pt")
    with pytest.raises(ValueError, match=r"list.pt must hold a state dict, names and arrays. Received: list"):
        read_state(tmp_path / "list.pt")


def convolve_plainly(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """What `torch.nn.Conv2d` does without padding: `[n, in, h, w]` and `[out, in, kh, kw]` to `[n, out, ...]`."""
    windows = np.lib.stride_tricks.sliding_window_view(images, kernel.shape[2:], axis=(2, 3))
    return np.einsum("nihwyx,oiyx->nohw", windows, kernel)


@pytest.mark.parametrize(
    ("weights", "bands", "kernel"),
    [(conv2d_over_time_weights, 1, (4, 3, 1, 5)), (conv2d_over_bands_weights, 3, (4, 1, 3, 5))],
)
def test_two_dimensional_convolutions_over_time(weights, bands, kernel):
    rng = np.random.default_rng(1)
    state = {"c.weight": rng.normal(size=kernel).astype("float32"), "c.bias": rng.normal(size=4).astype("float32")}
    sound = rng.normal(size=(2, 9, 3)).astype("float32")
    layer = keras.layers.Conv1D(4, 5)
    layer.build((None, None, 3))

    class Layer:
        def torch_weights(self):
            return weights("c", layer)

    load_state(Layer(), state)
    images = sound.transpose(0, 2, 1)
    images = images[:, :, None] if bands == 1 else images[:, None]
    expected = convolve_plainly(images, state["c.weight"])[:, :, 0].transpose(0, 2, 1) + state["c.bias"]
    np.testing.assert_allclose(ops.convert_to_numpy(layer(sound)), expected, atol=1e-5)


def test_layer_normalisation_and_biases_of_an_lstm():
    normalization, lstm = keras.layers.LayerNormalization(), keras.layers.LSTM(2)
    normalization.build((None, 3))
    lstm.build((None, None, 3))

    class Layers:
        def torch_weights(self):
            return layer_norm_weights("norm", normalization) + lstm_weights("lstm", 1, lstm)

    rng = np.random.default_rng(2)
    shapes = {
        "norm.weight": (3,),
        "norm.bias": (3,),
        "lstm.weight_ih_l1": (8, 3),
        "lstm.weight_hh_l1": (8, 2),
        "lstm.bias_ih_l1": (8,),
        "lstm.bias_hh_l1": (8,),
    }
    state = {name: rng.normal(size=shape).astype("float32") for name, shape in shapes.items()}
    load_state(Layers(), state)
    np.testing.assert_array_equal(normalization.get_weights()[1], state["norm.bias"])
    kernel, recurrent, bias = lstm.get_weights()
    np.testing.assert_array_equal(kernel, state["lstm.weight_ih_l1"].T)
    np.testing.assert_array_equal(recurrent, state["lstm.weight_hh_l1"].T)
    np.testing.assert_allclose(bias, state["lstm.bias_ih_l1"] + state["lstm.bias_hh_l1"], rtol=1e-6)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_an_lstm_of_pytorch(tmp_path):
    """The order of the gates, against PyTorch itself."""
    import torch

    torch.manual_seed(0)
    theirs, ours = torch.nn.LSTM(3, 2, batch_first=True), keras.layers.LSTM(2, return_sequences=True)
    ours.build((None, None, 3))

    class Layer:
        def torch_weights(self):
            return lstm_weights("lstm", 0, ours)

    torch.save({f"lstm.{name}": value for name, value in theirs.state_dict().items()}, tmp_path / "lstm.pth")
    load_state(Layer(), tmp_path / "lstm.pth")
    frames = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    expected = theirs(torch.tensor(frames))[0].detach().cpu().numpy()
    np.testing.assert_allclose(ops.convert_to_numpy(ours(frames)), expected, atol=1e-6)
