import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from comparators.generators import ImageReader

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
GREYS = COLOURS[..., 0]


@pytest.fixture
def write(tmp_path):
    def write(name: str, image=COLOURS, **how) -> str:
        image = image if isinstance(image, Image.Image) else Image.fromarray(image)
        image.save(tmp_path / name, **how)
        return str(tmp_path / name)

    return write


def full_size(mode: str = "rgb", **more) -> ImageReader:
    return ImageReader(COLOURS.shape[:2], mode, **more)


# Kinds of files.


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm"])
def test_lossless_files_give_their_pixels(write, suffix):
    picture = full_size().read(write(f"a.{suffix}"))
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, COLOURS)
    np.testing.assert_array_equal(full_size("grey").read(write("grey.png", GREYS)), GREYS[..., None])


@pytest.mark.parametrize(
    ("suffix", "how"), [("jpg", {}), ("jpg", {"progressive": True}), ("webp", {}), ("webp", {"lossless": True})]
)
def test_lossy_files_are_what_pil_makes_of_them(write, suffix, how):
    path = write(f"a.{suffix}", **how)
    with Image.open(path) as image:
        np.testing.assert_array_equal(full_size().read(path), np.asarray(image.convert("RGB")))


def test_grey_and_colour_become_each_other(write):
    np.testing.assert_array_equal(full_size().read(write("g.png", GREYS)), np.repeat(GREYS[..., None], 3, axis=2))
    luma = COLOURS @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(full_size("grey").read(write("c.png"))[..., 0], luma, atol=0.51)


def test_one_bit_and_palette(write):
    bits = Image.fromarray(255 * (GREYS > 128).astype("uint8")).convert("1")
    np.testing.assert_array_equal(full_size("grey").read(write("bits.png", bits))[..., 0], 255 * (GREYS > 128))
    palette = Image.fromarray(COLOURS).quantize(8)
    expected = np.asarray(palette.convert("RGB"))
    for suffix in ("png", "gif", "bmp"):
        np.testing.assert_array_equal(full_size().read(write(f"p.{suffix}", palette)), expected)


def test_sixteen_bits(write):
    levels = np.linspace(0, 65_535, GREYS.size).round().astype("uint16").reshape(GREYS.shape)
    expected = np.round(levels / 257).astype("uint8")
    for suffix in ("png", "tif"):
        np.testing.assert_array_equal(full_size("grey").read(write(f"deep.{suffix}", levels))[..., 0], expected)


def test_sixteen_bits_of_colour(tmp_path):
    levels = RNG.integers(0, 2**16, (4, 5, 3)).astype(">u2")
    rows = b"".join(b"\x00" + row.tobytes() for row in levels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 5, 4, 16, 2, 0, 0, 0)
    content = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (tmp_path / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    np.testing.assert_allclose(ImageReader((4, 5)).read(tmp_path / "deep.png"), levels / 257, atol=1)


def test_thirty_two_bits_are_refused(write):
    for name, values in (("f.tif", GREYS / np.float32(255)), ("i.tif", GREYS.astype("int32") - 100)):
        with pytest.raises(ValueError, match=rf"Unknown range of image '.*{name}': it has 32 bits .* Export it with 8"):
            full_size().read(write(name, values))


def test_cmyk(write):
    path = write("inks.jpg", Image.fromarray(COLOURS).convert("CMYK"), quality=100)
    with Image.open(path) as image:
        assert image.mode == "CMYK"
    assert full_size().read(path).shape == (20, 30, 3)


def test_colours_without_a_conversion(write, monkeypatch):
    def refuse(image, mode):
        raise ValueError("conversion from LAB to RGB not supported")

    path = write("lab.tif")
    monkeypatch.setattr(Image.Image, "convert", refuse)
    with pytest.raises(ValueError, match=r"The colours of image '.*lab\.tif' cannot be read .* Export it as grey or"):
        full_size().read(path)


def test_transparency_shows_the_background(write):
    alpha = np.zeros((20, 30), "uint8")
    alpha[:, :10] = 255
    image = np.dstack([COLOURS, alpha])
    expected = np.where(alpha[..., None] > 0, COLOURS, np.array([10, 20, 30], "uint8"))
    reader = full_size(background=(10, 20, 30))
    for suffix, how in (("png", {}), ("webp", {"lossless": True}), ("tif", {})):
        np.testing.assert_array_equal(reader.read(write(f"a.{suffix}", image, **how)), expected)
    pairs = np.dstack([GREYS, alpha])
    picture = full_size("grey", background=255).read(write("la.png", pairs))
    np.testing.assert_array_equal(picture[..., 0], np.where(alpha > 0, GREYS, 255))
    half = Image.new("RGBA", (30, 20), (200, 100, 0, 128))
    np.testing.assert_allclose(full_size(background=0).read(write("half.png", half))[0, 0], [100, 50, 0], atol=1)


def test_transparent_colour_of_a_palette(write):
    image = Image.new("P", (30, 20), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    for name, how in (("p.gif", {"transparency": 1}), ("p.png", {"transparency": 1})):
        picture = full_size(background=(1, 2, 3)).read(write(name, image, **how))
        assert (picture == [1, 2, 3]).all(), name
    grey = full_size("grey", background=7).read(write("l.png", np.full((20, 30), 9, "uint8"), transparency=9))
    assert (grey == 7).all()


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_first_picture_of_an_animation(write, suffix):
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "green", "blue")]
    path = write(f"film.{suffix}", frames[0], save_all=True, append_images=frames[1:], lossless=True)
    assert (full_size().read(path) == [255, 0, 0]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_upright(write, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.zeros((20, 30, 3), "uint8")
    upright[:10, :10] = 255  # white at the top left, taken with the camera turned:
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]
    for name, how in (("photo.png", {}), ("photo.jpg", {"quality": 100, "subsampling": 0})):
        picture = full_size().read(write(name, np.ascontiguousarray(stored), exif=exif, **how))
        np.testing.assert_allclose(picture, upright, atol=9)


# Sizes.


def test_pad_keeps_all_and_centres():
    picture = ImageReader((30, 30), background=(1, 2, 3)).fit_array(COLOURS)
    np.testing.assert_array_equal(picture[5:25], COLOURS)
    assert (picture[:5] == [1, 2, 3]).all()
    assert (picture[25:] == [1, 2, 3]).all()


def test_crop_fills_and_centres():
    np.testing.assert_array_equal(ImageReader((20, 20), fit="crop").fit_array(COLOURS), COLOURS[:, 5:25])
    np.testing.assert_array_equal(ImageReader((10, 30), fit="crop").fit_array(COLOURS), COLOURS[5:15])


def test_stretch():
    picture = ImageReader((20, 60), fit="stretch").fit_array(COLOURS)
    assert picture.shape == (20, 60, 3)
    np.testing.assert_allclose(picture.mean((0, 1)), COLOURS.mean((0, 1)), atol=2)


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("shape", [(1, 1000), (1000, 1), (1, 1), (7, 9), (300, 400)])
def test_any_shape_becomes_the_size(fit, shape):
    picture = ImageReader((12, 17), "grey", fit).fit_array(np.full(shape, 200, "uint8"))
    assert picture.shape == (12, 17, 1)
    assert picture.max() == 200
    if fit != "pad":
        assert picture.min() == 200


def test_shrinking_is_antialiased():
    stripes = np.zeros((280, 280), "uint8")
    stripes[:, ::2] = 255
    np.testing.assert_allclose(ImageReader((28, 28), "grey").fit_array(stripes), 127.5, atol=4)


def test_large_photographs_are_decoded_small_and_alike(write):
    smooth = np.asarray(Image.fromarray(COLOURS).resize((1500, 1000), Image.Resampling.BICUBIC))
    reader = ImageReader((50, 70), fit="crop")
    read = reader.read(write("large.jpg", smooth, quality=95)).astype(float)
    assert np.abs(read - reader.fit_array(smooth)).mean() < 2


@pytest.mark.parametrize("shape", [(300, 401), (401, 300), (20, 37), (64, 64), (64, 300)])
def test_shorter_side_and_centre_as_photographs_are_evaluated(write, shape):
    """Against torchvision's arithmetic: `Resize(64)` rounds the longer side down, `CenterCrop` rounds to even."""
    pixels = RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)
    height, width = shape
    resized = (64, int(64 * height / width)) if width <= height else (int(64 * width / height), 64)
    whole = np.asarray(Image.fromarray(pixels).resize(resized, Image.Resampling.BILINEAR))
    top, left = round((whole.shape[0] - 56) / 2.0), round((whole.shape[1] - 50) / 2.0)
    reader = ImageReader((56, 50), fit="crop", resize_shorter=64)
    path = write("photo.png", pixels)
    np.testing.assert_array_equal(reader.read_whole(path), whole)
    np.testing.assert_array_equal(reader.read(path), whole[top : top + 56, left : left + 50])
    np.testing.assert_array_equal(reader.fit_array(pixels), reader.read(path))


def test_photographs_that_are_evaluated_are_decoded_in_full(write):
    """Not at a fraction of their size, as a JPEG can be: that changes pixels."""
    pixels = np.asarray(Image.fromarray(COLOURS).resize((900, 600), Image.Resampling.BICUBIC))
    path = write("large.jpg", pixels, quality=95)
    with Image.open(path) as image:
        expected = np.asarray(image.resize((48, 32), Image.Resampling.BILINEAR))
    reader = ImageReader((32, 32), fit="crop", resize_shorter=32)
    np.testing.assert_array_equal(reader.read_whole(path), expected)
    np.testing.assert_array_equal(reader.read(path), expected[:, 8:40])


def test_a_whole_image_in_grey_and_upright(write):
    exif = Image.Exif()
    exif[0x0112] = 6
    reader = ImageReader((10, 10), "grey", fit="crop", resize_shorter=10)
    assert reader.read_whole(write("turned.png", exif=exif)).shape == (15, 10, 1)
    assert ImageReader.from_config(reader.get_config()).get_config() == reader.get_config()


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        ({"fit": "pad", "resize_shorter": 256}, r"resize_shorter=256, fit='pad', size=\(224, 200\)"),
        ({"fit": "crop", "resize_shorter": 223}, r"resize_shorter=223, fit='crop'"),
    ],
)
def test_shorter_sides_that_cannot_be(arguments, received):
    with pytest.raises(ValueError, match=rf"`resize_shorter` needs `fit=\"crop\"` .* Received: {received}"):
        ImageReader((224, 200), **arguments)


def test_a_whole_image_of_unknown_size(write):
    with pytest.raises(ValueError, match=r"A whole image needs the length of its shorter side.*resize_shorter=256"):
        full_size(fit="crop").read_whole(write("a.png"))


# Arrays.


def test_arrays_of_the_right_form_are_returned_as_they_are():
    assert full_size().fit_array(COLOURS) is COLOURS
    np.testing.assert_array_equal(full_size("grey").fit_array(GREYS), GREYS[..., None])


def test_arrays_of_other_channels(write):
    np.testing.assert_array_equal(full_size().fit_array(GREYS), np.repeat(GREYS[..., None], 3, axis=2))
    path = write("c.png")
    np.testing.assert_array_equal(full_size("grey").fit_array(COLOURS), full_size("grey").read(path))
    clear = np.dstack([COLOURS, np.zeros_like(GREYS)])
    assert (full_size(background=9).fit_array(clear) == 9).all()
    assert (full_size("grey", background=9).fit_array(clear[..., 2:]) == 9).all()
    view = np.repeat(COLOURS, 2, axis=1)[:, ::2]
    np.testing.assert_array_equal(ImageReader((10, 15)).fit_array(view), ImageReader((10, 15)).fit_array(COLOURS))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (GREYS / 255.0, r"image 3 must be uint8, 0 to 255\. Received: float64\. Convert it: `\(255 \* image\)\.round"),
        (GREYS.astype("int64"), r"Received: int64\. Convert it: `image\.astype\(\"uint8\"\)`"),
        (GREYS.astype("uint16"), r"Received: uint16\. Convert it: `\(image // 257\)"),
        (GREYS > 3, r"Received: bool\. Convert it: `255 \* image"),
        (COLOURS.swapaxes(0, 2), r"must have its channels last\. Received: shape \(3, 30, 20\)\. Use `np\.moveaxis"),
        (COLOURS[None], r"must be `\(height, width\)` or .* Received: shape \(1, 20, 30, 3\)"),
        (np.zeros((5, 0), "uint8"), r"not empty\. Received: shape \(5, 0, 1\)"),
        (np.zeros((20, 30, 7), "uint8"), r"1 to 4 channels, not empty\. Received: shape \(20, 30, 7\)"),
        ([["a"]], r"must be uint8, 0 to 255\. Received: <U1"),
    ],
)
def test_wrong_arrays(image, message):
    with pytest.raises(ValueError, match=message):
        full_size().fit_array(image, "image 3")


# Files that are no images.


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such image: '.*gone\.png'\. Check the path"):
        full_size().read(tmp_path / "gone.png")


def test_folder(tmp_path):
    with pytest.raises(ValueError, match=r"A folder was given where one image is expected: '.*'\. Name a file in it"):
        full_size().read(tmp_path)


def test_unreadable_file(write, monkeypatch):
    path = write("locked.png")
    if os.geteuid() == 0:  # the superuser may read all
        monkeypatch.setattr(os, "access", lambda *arguments: False)
    else:
        os.chmod(path, 0)
    with pytest.raises(ValueError, match=r"No permission to read image '.*locked\.png'\. Change its permissions"):
        full_size().read(path)


def test_empty_file(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(ValueError, match=r"Empty image: '.*empty\.png' \(0 bytes\)\. Export it again"):
        full_size().read(tmp_path / "empty.png")


def test_text_renamed(tmp_path):
    (tmp_path / "text.png").write_text("<html><body>404 not found</body></html>\n" * 20)
    with pytest.raises(ValueError, match=r"Not a readable image: '.*text\.png' \(a text that begins with '<html"):
        full_size().read(tmp_path / "text.png")


def test_bytes_of_nothing(tmp_path):
    (tmp_path / "noise.jpg").write_bytes(bytes([0, 255, 254, 1] * 200))
    with pytest.raises(ValueError, match=r"Not a readable image: '.*noise\.jpg' \(its first bytes are b'.*convert it"):
        full_size().read(tmp_path / "noise.jpg")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "a.gif", "a.tif", "a.ppm", "progressive.jpg"])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.98])
def test_truncated_file(write, name, share):
    path = write(name, **({"progressive": True} if "progressive" in name else {}))
    os.truncate(path, int(share * os.path.getsize(path)))
    with pytest.raises(ValueError, match=rf"(Truncated or damaged|Not a readable|Empty) image: '.*{name}' "):
        full_size().read(path)


def test_damaged_file(write):
    path = write("a.png")
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(bytes(50))
    with pytest.raises(ValueError, match=r"Truncated or damaged image: '.*a\.png' .*Copy it again"):
        full_size().read(path)


def test_no_pixels(tmp_path):
    (tmp_path / "none.ppm").write_bytes(b"P6 0 0 255\n")
    with pytest.raises(ValueError, match=r"image: '.*none\.ppm'"):
        full_size().read(tmp_path / "none.ppm")


def test_far_too_large(write, monkeypatch):
    path = write("bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match=r"Image too large: '.*bomb\.png' .*`PIL\.Image\.MAX_IMAGE_PIXELS`"):
        full_size().read(path)


# Configuration.


def test_config_round_trip():
    for reader in (
        ImageReader((28, 28), "grey", background=255),
        ImageReader((9, 8), fit="crop", background=(1, 2, 3)),
    ):
        assert ImageReader.from_config(reader.get_config()).get_config() == reader.get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 28}, r"`size` must be `\(height, width\)`, positive integers, in pixels\. Received: size=28"),
        ({"size": (0, 28)}, r"Received: size=\(0, 28\)"),
        ({"size": (28, 28, 3)}, r"Received: size=\(28, 28, 3\)"),
        ({"size": (2.5, 28)}, r"Received: size=\(2\.5, 28\)"),
        ({"size": (28, 28), "mode": "gray"}, r"`mode` must be 'grey' or 'rgb'\. Received: mode='gray'"),
        ({"size": (28, 28), "fit": "squash"}, r"`fit` must be one of \['pad', 'crop', 'stretch'\]\. Received: fit='sq"),
        ({"size": (28, 28), "background": 256}, r"`background` must be a level of grey .* Received: background=256"),
        ({"size": (28, 28), "background": 0.5}, r"Received: background=0\.5"),
        ({"size": (28, 28), "background": (1, 2)}, r"Received: background=\(1, 2\)"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageReader(**arguments)


def test_starts_without_keras(fresh_python):
    program = (
        "import sys\nimport comparators.generators.image_reader\nprint({'keras', 'tensorflow'} & set(sys.modules))"
    )
    assert fresh_python(program).strip() == "set()"


def test_bicubic_is_pils(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    reader = ImageReader((20, 20), fit="crop", resize_shorter=24, resample="bicubic")
    resized = Image.fromarray(pixels).resize((36, 24), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(reader.fit_array(pixels), np.asarray(resized)[2:22, 8:28])
    assert ImageReader.from_config(reader.get_config()).resample == "bicubic"
    with pytest.raises(ValueError, match="`resample` must be one of"):
        ImageReader((20, 20), resample="nearest")
