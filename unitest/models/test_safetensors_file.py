"""Files of the safetensors format, written here byte by byte."""

import json
import struct

import numpy as np
import pytest

from comparators.models.safetensors_file import read_safetensors


@pytest.fixture
def write(tmp_path):
    def write(header: dict | bytes, data: bytes = b"", size: int | None = None):
        head = header if isinstance(header, bytes) else json.dumps(header).encode()
        path = tmp_path / "weights.safetensors"
        path.write_bytes(struct.pack("<Q", len(head) if size is None else size) + head + data)
        return path

    return write


def entry(dtype: str, shape: list[int], start: int, end: int) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def test_several_tensors(write):
    a, b = np.arange(6, dtype="<f4").reshape(2, 3), np.array([1, -2], "<i8")
    header = {
        "__metadata__": {"format": "pt"},
        "b": entry("I64", [2], 24, 40),
        "a": entry("F32", [2, 3], 0, 24),
        "scalar": entry("F32", [], 0, 4),
        "nothing": entry("F32", [0, 5], 40, 40),
    }
    tensors = read_safetensors(write(header, a.tobytes() + b.tobytes()))
    assert set(tensors) == {"a", "b", "scalar", "nothing"}
    np.testing.assert_array_equal(tensors["a"], a)
    np.testing.assert_array_equal(tensors["b"], b)
    assert tensors["scalar"].shape == ()
    assert tensors["nothing"].shape == (0, 5)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("F64", "<f8"), ("F16", "<f2"), ("I32", "<i4"), ("I16", "<i2"), ("I8", "i1"), ("U8", "u1"), ("BOOL", "?")],
)
def test_types(write, name, dtype):
    values = np.array([0, 1, 1], dtype)
    read = read_safetensors(write({"x": entry(name, [3], 0, values.nbytes)}, values.tobytes()))["x"]
    assert read.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(read, values)


def test_bfloat16_becomes_float32(write):
    # sign, eight bits of exponent, seven of mantissa
    bits = {0x3F80: 1.0, 0xC000: -2.0, 0x3FC0: 1.5, 0x7F80: np.inf, 0x0001: 2.0**-133, 0x4049: 3.140625}
    data = struct.pack(f"<{len(bits)}H", *bits)
    read = read_safetensors(write({"x": entry("BF16", [2, 3], 0, 12)}, data))["x"]
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, np.reshape(list(bits.values()), (2, 3)))


@pytest.mark.parametrize(
    ("header", "data", "size", "message"),
    [
        ({"x": entry("F32", [2], 0, 8)}, b"1234", None, r"x is cut off or damaged: \[2\] of F32 at bytes 0 to 8 of 4"),
        ({"x": entry("F32", [3], 0, 8)}, b"12345678", None, r"x is cut off or damaged"),
        ({"x": entry("F32", [2], 8, 0)}, b"12345678", None, r"x is cut off or damaged"),
        ({"x": entry("F32", [-2], 0, 8)}, b"12345678", None, r"x is cut off or damaged"),
        ({"x": entry("F8_E4M3", [2], 0, 2)}, b"12", None, r"numbers of type F8_E4M3 are not known \(x\)"),
        ({"x": {"dtype": "F32"}}, b"", None, r"no safetensors file, or damaged"),
        ({"x": 3}, b"", None, r"no safetensors file, or damaged"),
        ([1], b"", None, r"no safetensors file, or damaged"),
        (b"{broken", b"", None, r"no safetensors file, or damaged"),
        (b"\xff\xfe\xff", b"", None, r"no safetensors file, or damaged"),
        ({}, b"", 2**40, r"its header of 1,099,511,627,776 bytes does not fit"),
        ({}, b"", 100, r"its header of 100 bytes does not fit"),
    ],
)
def test_damaged_files(write, header, data, size, message):
    with pytest.raises(ValueError, match=message) as error:
        read_safetensors(write(header, data, size))
    assert "weights.safetensors" in str(error.value)
