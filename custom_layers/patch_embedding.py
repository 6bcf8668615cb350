"""Pictures and spectrograms cut into patches, and each patch made a token."""

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class PatchEmbedding(keras.layers.Layer):
    """Cuts pictures into patches and projects each to a token.

    The tokens come row by row of the grid. A spectrogram is a picture of height `bands` and width `frames`: transpose
    it first, so that the tokens come in the order frequency * columns + time.

    Args:
        embedding_dim: values of a token.
        patch_size: height and width of a patch.
        stride: from patch to patch, down and to the right; None takes the patch's size, without overlap.
        kernel_initializer: of the kernel, flattened to `(height * width * channels, embedding_dim)`.
        use_bias: whether a bias is added; CLIP has none.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        images: `(batch, height, width, channels)`, float.

    Returns:
        Tokens `(batch, rows * columns, embedding_dim)`.

    Raises:
        ValueError: a number is out of its range, or a picture is smaller than a patch, or, where patches do not
            overlap, of a size that they do not divide.

    Example:
        >>> PatchEmbedding(8, (16, 16))(ops.zeros((2, 32, 48, 1))).shape
        TensorShape([2, 6, 8])
        >>> PatchEmbedding(8, (16, 16), stride=(10, 10)).grid_of(128, 512)
        (12, 50)

    Reference:
        Dosovitskiy et al. 2021, An image is worth 16x16 words; Gong et al. 2021, AST: audio spectrogram transformer.
    """

    def __init__(
        self,
        embedding_dim: int,
        patch_size: tuple[int, int] = (16, 16),
        stride: tuple[int, int] | None = None,
        kernel_initializer="glorot_uniform",
        use_bias: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.embedding_dim = int(embedding_dim)
        self.patch_size = tuple(int(size) for size in patch_size)
        self.stride = self.patch_size if stride is None else tuple(int(step) for step in stride)
        if min(self.embedding_dim, *self.patch_size, *self.stride) < 1:
            raise ValueError(
                "`embedding_dim`, `patch_size` and `stride` must be positive. "
                f"Received: embedding_dim={embedding_dim}, patch_size={patch_size}, stride={stride}."
            )
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.use_bias = bool(use_bias)

    @property
    def overlaps(self) -> bool:
        """Whether the stride is another than the patch's size."""
        return self.stride != self.patch_size

    def grid_of(self, height: int, width: int) -> tuple[int, int]:
        """Returns how many patches a picture has, down and to the right.

        Raises:
            ValueError: the picture cannot be cut.
        """
        check_divisible((height, width), self.patch_size, self.overlaps)
        return tuple(
            1 + (size - patch) // step
            for size, patch, step in zip((height, width), self.patch_size, self.stride, strict=True)
        )

    def build(self, input_shape: tuple) -> None:
        self.channels = int(input_shape[-1])
        values = self.patch_size[0] * self.patch_size[1] * self.channels
        self.kernel = self.add_weight(
            shape=(values, self.embedding_dim), initializer=self.kernel_initializer, name="kernel"
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.embedding_dim,), initializer="zeros", name="bias")
        self.built = True

    def call(self, images: KerasTensor) -> KerasTensor:
        if not self.overlaps:
            return self.project(cut_patches(images, self.patch_size))
        if None not in images.shape[1:3]:
            self.grid_of(*images.shape[1:3])
        kernel = ops.reshape(self.kernel, (*self.patch_size, self.channels, self.embedding_dim))
        places = ops.conv(images, ops.cast(kernel, images.dtype), self.stride, "valid", data_format="channels_last")
        return self._with_bias(ops.reshape(places, (ops.shape(places)[0], -1, self.embedding_dim)))

    def project(self, patches: KerasTensor) -> KerasTensor:
        """Makes tokens `(batch, count, embedding_dim)` of patches as `cut_patches` returns them, all or some."""
        return self._with_bias(ops.matmul(patches, self.kernel))

    def _with_bias(self, tokens: KerasTensor) -> KerasTensor:
        return tokens if self.bias is None else tokens + self.bias

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, height, width, _ = input_shape
        if height is None or width is None:
            return (batch, None, self.embedding_dim)
        rows, columns = self.grid_of(height, width)
        return (batch, rows * columns, self.embedding_dim)

    def get_config(self) -> dict:
        return super().get_config() | {
            "embedding_dim": self.embedding_dim,
            "patch_size": self.patch_size,
            "stride": self.stride,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "use_bias": self.use_bias,
        }


def check_divisible(size: tuple[int, int], patch_size: tuple[int, int], overlaps: bool = False) -> None:
    """Refuses a picture that is smaller than a patch, or, without overlap, that patches do not fill."""
    sides = ("height (of a spectrogram, its mel bands)", "width (of a spectrogram, its frames)")
    for what, length, patch in zip(sides, size, patch_size, strict=True):
        if length < patch:
            raise ValueError(f"The {what} must be at least one patch, {patch}. Received: {length}. Pad the input.")
        if not overlaps and length % patch:
            below = length - length % patch
            raise ValueError(
                f"The {what} must be a multiple of the patch's, {patch}. Received: {length}. Pad to {below + patch} "
                f"or cut to {below}."
            )


def cut_patches(images: KerasTensor, patch_size: tuple[int, int]) -> KerasTensor:
    """Cuts pictures into patches without overlap, each a vector of (row, column, channel) order.

    Args:
        images: `(batch, height, width, channels)`.
        patch_size: height and width of a patch.

    Returns:
        `(batch, rows * columns, patch_height * patch_width * channels)`.

    Raises:
        ValueError: the patches do not divide the pictures.

    Example:
        >>> ops.convert_to_numpy(cut_patches(ops.reshape(ops.arange(16), (1, 4, 4, 1)), (2, 2)))[0, 1].tolist()
        [2, 3, 6, 7]
    """
    height, width, channels = images.shape[1:]
    down, right = patch_size
    if height is None or width is None:
        shape = ops.shape(images)
        rows, columns = shape[1] // down, shape[2] // right
    else:
        check_divisible((height, width), patch_size)
        rows, columns = height // down, width // right
    parts = ops.reshape(images, (-1, rows, down, columns, right, channels))
    return ops.reshape(ops.transpose(parts, (0, 1, 3, 2, 4, 5)), (-1, rows * columns, down * right * channels))


def join_patches(patches: KerasTensor, grid: tuple[int, int], patch_size: tuple[int, int]) -> KerasTensor:
    """Puts the patches of `cut_patches` together again.

    Args:
        patches: `(batch, rows * columns, patch_height * patch_width * channels)`.
        grid: rows and columns.
        patch_size: height and width of a patch.

    Returns:
        `(batch, height, width, channels)`.

    Example:
        >>> images = ops.reshape(ops.arange(32), (1, 4, 4, 2))
        >>> bool(ops.all(join_patches(cut_patches(images, (2, 2)), (2, 2), (2, 2)) == images))
        True
    """
    (rows, columns), (down, right) = grid, patch_size
    channels = patches.shape[-1] // (down * right)
    parts = ops.transpose(ops.reshape(patches, (-1, rows, columns, down, right, channels)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(parts, (-1, rows * down, columns * right, channels))
