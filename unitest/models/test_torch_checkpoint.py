"""Checkpoints are read as PyTorch reads them, without PyTorch, and nothing else is."""

import importlib.util
import pickle
import struct
import zipfile

import numpy as np
import pytest

from comparators.models.torch_checkpoint import read_torch_checkpoint

NUMBERS = np.arange(12, dtype="<f4")
LEGACY_START = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")


def part(value) -> bytes:
    """The opcodes that push a plain value."""
    return pickle.dumps(value, 0)[:-1]


def tensor(offset=0, shape=(3, 4), strides=(4, 1), storage="FloatStorage", num_elements=12, view=b"") -> bytes:
    """The opcodes that `torch.save` writes for a tensor over the storage called "0"."""
    saved_id = part("storage") + f"ctorch\n{storage}\n".encode() + part("0") + part("cpu") + part(num_elements) + view
    rest = part(offset) + part(shape) + part(strides) + b"I00\n" + b"ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n((" + saved_id + b"tQ" + rest + b"tR"


def write_zip(path, content: bytes, byteorder=b"little") -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("any_name/data.pkl", content + b".")
        archive.writestr("any_name/byteorder", byteorder)
        archive.writestr("any_name/data/0", NUMBERS.tobytes())


def write_legacy(path, content: bytes, little_endian=True) -> None:
    system = pickle.dumps({"little_endian": little_endian}, 2)
    storages = pickle.dumps(["0"], 2) + struct.pack("<q", NUMBERS.size) + NUMBERS.tobytes()
    path.write_bytes(LEGACY_START + pickle.dumps(1001, 2) + system + content + b"." + storages)


def state(**entries: bytes) -> bytes:
    return b"}" + b"".join(part(name) + content + b"s" for name, content in entries.items())


@pytest.fixture(params=[write_zip, write_legacy], ids=["zip", "legacy"])
def write(request):
    return request.param


def test_tensors_with_offset_and_strides(tmp_path, write):
    path = tmp_path / "model.pt"
    write(path, state(whole=tensor(), turned=tensor(4, (4, 2), (1, 4)), number=tensor(7, (), ()), step=part(3)))
    read = read_torch_checkpoint(path)
    matrix = NUMBERS.reshape(3, 4)
    assert list(read) == ["whole", "turned", "number", "step"]
    np.testing.assert_array_equal(read["whole"], matrix)
    np.testing.assert_array_equal(read["turned"], matrix[1:].T)
    assert (read["number"], read["step"]) == (7.0, 3)
    assert read["whole"].dtype == np.float32


def test_view_of_a_storage(tmp_path):
    view = b"(" + part("1") + part(4) + part(8) + b"t"
    write_legacy(tmp_path / "model.pt", state(rows=tensor(0, (2, 4), view=view)))
    np.testing.assert_array_equal(read_torch_checkpoint(tmp_path / "model.pt")["rows"], NUMBERS[4:].reshape(2, 4))


def script_module(name: str, **entries: bytes) -> bytes:
    """The opcodes that `torch.jit.save` writes for a module: an object of a class that the archive brings with it."""
    return f"c__torch__.{name}\n".encode() + b")\x81" + state(**entries) + b"b"


def test_modules_of_torch_script(tmp_path):
    """Their attributes, without their code; what is no tensor is left out."""
    layer = script_module("torch.nn.modules.linear.___torch_mangle_0\nLinear", weight=tensor(), training=part(0))
    sizes = b"ctorch.jit._pickle\nbuild_intlist\n(" + part([1, 2]) + b"tR"
    content = script_module("any\nNetwork", scale=tensor(7, (), ()), sizes=sizes, layer=layer, none=part(None))
    write_zip(tmp_path / "model.pt", content)
    read = read_torch_checkpoint(tmp_path / "model.pt")
    assert list(read) == ["scale", "layer.weight"]
    np.testing.assert_array_equal(read["layer.weight"], NUMBERS.reshape(3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"cos\nsystem\n(" + part("true") + b"tR",
            r"an object of class `os.system`.*save the model's `state_dict\(\)`",
        ),
        (b"ctorch.nn.modules.linear\nLinear\n)R", "class `torch.nn.modules.linear.Linear`"),
        (state(weight=tensor(storage="BFloat16Storage")), "class `torch.BFloat16Storage`"),
        (b"(" + part("module") + b"NNNNtQ", "external object of kind 'module'"),
        (state(weight=tensor(shape=(4, 4))), "damaged.*does not fit its storage of 12 elements"),
        (state(weight=tensor(shape=(1000, 1000), strides=(0, 0))), "does not fit its storage"),
        (state(weight=tensor(offset=-1)), "does not fit its storage"),
        (b"}s", "is damaged"),
    ],
)
def test_refuses_all_but_data(tmp_path, write, content, message):
    write(tmp_path / "model.pt", content)
    with pytest.raises(ValueError, match=message):
        read_torch_checkpoint(tmp_path / "model.pt")


def test_storage_longer_than_the_file(tmp_path):
    write_legacy(tmp_path / "model.pt", state(weight=tensor(num_elements=10**15)))
    with pytest.raises(ValueError, match=r"damaged.*longer than the file"):
        read_torch_checkpoint(tmp_path / "model.pt")


def test_big_endian(tmp_path):
    write_zip(tmp_path / "zip.pt", state(), byteorder=b"big")
    write_legacy(tmp_path / "legacy.pt", state(), little_endian=False)
    for name in ("zip.pt", "legacy.pt"):
        with pytest.raises(ValueError, match="big-endian"):
            read_torch_checkpoint(tmp_path / name)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
def test_truncated(tmp_path, write, share):
    path = tmp_path / "model.pt"
    write(path, state(weight=tensor()))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"model\.pt"):
        read_torch_checkpoint(path)


def test_not_a_checkpoint(tmp_path):
    (tmp_path / "notes.pt").write_text("only text")
    with pytest.raises(ValueError, match=r"notes\.pt is not a PyTorch checkpoint.*starts with b'only tex'"):
        read_torch_checkpoint(tmp_path / "notes.pt")
    with zipfile.ZipFile(tmp_path / "archive.pt", "w") as archive:
        archive.writestr("notes.txt", "only text")
    with pytest.raises(ValueError, match=r"a zip archive without one `data.pkl`"):
        read_torch_checkpoint(tmp_path / "archive.pt")
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*folder. Give the path"):
        read_torch_checkpoint(tmp_path / "folder")


@pytest.mark.opt_in
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("zipped", [True, False])
def test_as_torch_reads_it(tmp_path, zipped):
    import torch

    matrix = torch.arange(12.0).reshape(3, 4)
    tensors = {
        "transposed": matrix.t(),
        "rows": matrix[1:],
        "parameter": torch.nn.Parameter(matrix),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(3),
        "half": matrix.half(),
        "flags": matrix > 4,
    }
    path = tmp_path / "model.pt"
    saved = {"tensors": tensors, "model": torch.nn.Linear(2, 3).state_dict(), "other": [1, "two", None, matrix.shape]}
    torch.save(saved, path, _use_new_zipfile_serialization=zipped)
    read = read_torch_checkpoint(path)
    assert read["other"] == [1, "two", None, (3, 4)]
    for group in ("tensors", "model"):
        assert list(read[group]) == list(saved[group])
        for name, value in saved[group].items():
            expected = value.detach().numpy()
            assert read[group][name].dtype == expected.dtype
            np.testing.assert_array_equal(read[group][name], expected)


@pytest.mark.opt_in
@pytest.mark.skipif(importlib.util.find_spec("resemblyzer") is None, reason="Resemblyzer is not installed")
def test_published_speaker_encoder():
    folder = importlib.util.find_spec("resemblyzer").submodule_search_locations[0]
    read = read_torch_checkpoint(f"{folder}/pretrained.pt")
    assert read["model_state"]["lstm.weight_ih_l0"].shape == (1024, 40)
    assert all(np.isfinite(value).all() for value in read["model_state"].values())
