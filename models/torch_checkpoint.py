"""PyTorch checkpoints read without PyTorch."""

import collections
import os
import pickle
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from comparators.models.weight_file import check_weight_file

_ZIP_START = b"PK\x03\x04"
_LEGACY_START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
_STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
# What TorchScript wraps lists with, to keep their types.
_SCRIPT_LISTS = ("build_boollist", "build_doublelist", "build_intlist", "build_tensorlist", "restore_type_tag")


def read_torch_checkpoint(path: str | os.PathLike) -> Any:
    """Reads the file that `torch.save` wrote, with NumPy arrays in place of its tensors.

    Use it to convert published weights without PyTorch. Both formats are read: the zip archive (PyTorch 1.6 and later)
    and the sequence of pickles before it; of a TorchScript archive, which `torch.jit.save` writes, the state dict.
    Nothing in the file is executed: only dictionaries, lists, numbers, strings and tensors are rebuilt, and every other
    class is refused by its name.

    Args:
        path: the checkpoint, usually `*.pt` or `*.pth`.

    Returns:
        The saved object, usually a (nested) dict of str to arrays, in PyTorch's layout (a linear layer is `[out, in]`).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is no checkpoint, is empty, is damaged, or holds a class that is not data.

    Example:
        >>> from comparators.models.torch_checkpoint import read_torch_checkpoint
        >>> read_torch_checkpoint("missing.pt")
        Traceback (most recent call last):
        FileNotFoundError: There is no checkpoint at missing.pt. Give the path of a file that `torch.save` wrote.
    """
    path = os.fspath(path)
    check_weight_file(path, "a file that `torch.save` wrote")
    with open(path, "rb") as file:
        start = file.read(len(_LEGACY_START))
        file.seek(0)
        try:
            if start.startswith(_ZIP_START):
                return _read_zip(file)
            if start == _LEGACY_START:
                return _read_legacy(file)
        except _RefusedError as error:
            raise ValueError(f"{path} was not read: {error}") from None
        except Exception as error:  # what a damaged pickle raises depends on the byte that is wrong
            raise ValueError(
                f"{path} is damaged ({type(error).__name__}: {error}). Copy or download the file again."
            ) from error
    raise ValueError(
        f"{path} is not a PyTorch checkpoint. Expected a file that `torch.save` wrote. "
        f"Received a file that starts with {start[:8]!r}."
    )


class _RefusedError(Exception):
    """The checkpoint holds something that is not plain data."""


class _Unpickler(pickle.Unpickler):
    """Rebuilds data only.

    Args:
        file: the open pickle.
        load_storage: from (dtype, key, number of elements) to the storage's flat array.
    """

    def __init__(self, file, load_storage):
        super().__init__(file)
        self._load_storage = load_storage

    def find_class(self, module: str, name: str):
        if (module, name) in _REBUILD:
            return _REBUILD[module, name]
        if module.partition(".")[0] == "__torch__":
            return _ScriptModule
        if module == "torch" and name in _STORAGES:
            return np.dtype(_STORAGES[name])
        raise _RefusedError(
            f"it holds an object of class `{module}.{name}`. Expected only tensors, dictionaries, lists, numbers and "
            "strings: save the model's `state_dict()` alone."
        )

    def persistent_load(self, saved_id):
        kind, dtype, key, _, num_elements, *view = saved_id
        if kind != "storage":
            raise _RefusedError(f"it holds an external object of kind {kind!r}. Expected storages of tensors.")
        storage = self._load_storage(dtype, str(key), num_elements)
        if view and view[0] is not None:
            _, offset, length = view[0]
            storage = storage[offset : offset + length]
        return storage


class _ScriptModule:
    """A module of a TorchScript archive: its attributes, without its code."""

    def entries(self, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
        for name, value in vars(self).items():
            if isinstance(value, _ScriptModule):
                yield from value.entries(f"{prefix}{name}.")
            elif isinstance(value, np.ndarray):
                yield prefix + name, value


def _read_zip(file):
    with zipfile.ZipFile(file) as archive:
        pickles = [name for name in archive.namelist() if name.split("/", 1)[-1] == "data.pkl"]
        if len(pickles) != 1:
            raise _RefusedError("it is a zip archive without one `data.pkl`. Expected a file that `torch.save` wrote.")
        folder = pickles[0].removesuffix("data.pkl")
        if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") != b"little":
            raise _RefusedError("its numbers are big-endian. Save it again on a little-endian machine.")
        storages = {}

        def load_storage(dtype, key, num_elements):
            if key not in storages:
                # A copy, because an array over the archive's bytes could not be written to.
                storages[key] = np.frombuffer(archive.read(f"{folder}data/{key}"), dtype).copy()
            return storages[key]

        with archive.open(pickles[0]) as data:
            saved = _Unpickler(data, load_storage).load()
        return dict(saved.entries()) if isinstance(saved, _ScriptModule) else saved


def _read_legacy(file):
    storages = {}
    num_bytes = os.fstat(file.fileno()).st_size

    def load_storage(dtype, key, num_elements):
        if num_elements * dtype.itemsize > num_bytes:
            raise EOFError(f"storage {key} is longer than the file")
        # The numbers come after the tensors: the tensors are views that are filled below.
        return storages.setdefault(key, np.zeros(num_elements, dtype))

    def load():
        return _Unpickler(file, load_storage).load()

    load(), load()  # the magic number, the version of the format
    if not load()["little_endian"]:
        raise _RefusedError("its numbers are big-endian. Save it again on a little-endian machine.")
    saved = load()
    for key in load():
        storage = storages[str(key)]
        (num_elements,) = np.frombuffer(file.read(8), "<i8")
        content = file.read(storage.nbytes)
        if num_elements != storage.size or len(content) != storage.nbytes:
            raise EOFError(f"storage {key} is incomplete")
        storage[:] = np.frombuffer(content, storage.dtype)
    return saved


def _rebuild_tensor(storage, offset, shape, strides, *_):
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    num_elements = int(np.prod(shape, dtype=object))
    if num_elements == 0:
        return np.zeros(shape, storage.dtype)
    if min(offset, *shape, *strides, 0) < 0 or last >= storage.size or num_elements > storage.size:
        raise IndexError(f"a tensor of shape {tuple(shape)} does not fit its storage of {storage.size} elements")
    byte_strides = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, byte_strides)


def _first(value, *_):
    return value


_REBUILD = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _first,
    **{("torch.jit._pickle", name): _first for name in _SCRIPT_LISTS},
    ("torch", "Size"): tuple,
}
