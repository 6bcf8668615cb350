"""Weights in the safetensors format, read without its library."""

import json
import math
import os

import numpy as np

from comparators.models.weight_file import check_weight_file

_HEADER_LIMIT = 100_000_000  # bytes; the format's own
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


def read_safetensors(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Reads all tensors of a safetensors file.

    The library's NumPy form refuses bfloat16, in which many published weights are; here they become float32.

    Args:
        path: the file, `*.safetensors`.

    Returns:
        name -> array.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, cut off, or of another format, or holds numbers of an unknown type.

    Example:
        >>> read_safetensors("missing.safetensors")
        Traceback (most recent call last):
        FileNotFoundError: There is no checkpoint at missing.safetensors. Give the path of a safetensors file.

    Reference:
        https://huggingface.co/docs/safetensors (the format).
    """
    path = os.fspath(path)
    check_weight_file(path, "a safetensors file")
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if not 2 <= size <= min(_HEADER_LIMIT, os.path.getsize(path) - 8):
            raise ValueError(f"{path} is no safetensors file, or cut off: its header of {size:,} bytes does not fit.")
        try:
            header = json.loads(file.read(size))
            data = file.read()
            entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
            return {name: _tensor(name, data, **entry) for name, entry in entries.items()}
        except (UnicodeDecodeError, json.JSONDecodeError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is no safetensors file, or damaged: {error}.") from error
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def _tensor(name: str, data: bytes, dtype: str, shape: list[int], data_offsets: list[int]) -> np.ndarray:
    start, end = data_offsets
    if dtype != "BF16" and dtype not in _DTYPES:
        raise ValueError(f"numbers of type {dtype} are not known ({name}). Convert the file to F32.")
    width = 2 if dtype == "BF16" else np.dtype(_DTYPES[dtype]).itemsize
    if not 0 <= start <= end <= len(data) or end - start != width * math.prod(shape):
        raise ValueError(f"{name} is cut off or damaged: {shape} of {dtype} at bytes {start} to {end} of {len(data)}.")
    if dtype == "BF16":  # the upper half of a float32
        upper = np.frombuffer(data[start:end], "<u2").astype("<u4") << 16
        return upper.view("<f4").reshape(shape)
    return np.frombuffer(data[start:end], _DTYPES[dtype]).reshape(shape)
