"""Maps pooled by attention: the mean of all places asks each of them."""

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class AttentionPooling(keras.layers.Layer):
    """Pools a map to one vector by multi-head attention, whose query is the mean over all places.

    The mean stands before the places as one more, and each has a learned position, so that maps are of one size. It is
    the last layer of CLIP's residual networks, in place of an average.

    Args:
        units: values of the vector returned.
        num_heads: heads; they divide the channels of the map.
        kwargs: `name` and `dtype` of the layer.

    Call arguments:
        maps: `(batch, height, width, channels)`, of the size that the layer was built for.

    Returns:
        `(batch, units)`.

    Raises:
        ValueError: a number is out of its range, or maps are of another size.

    Example:
        >>> AttentionPooling(4, num_heads=2)(ops.ones((3, 7, 7, 8))).shape
        TensorShape([3, 4])

    Reference:
        Radford et al. 2021, Learning transferable visual models from natural language supervision.
    """

    def __init__(self, units: int, num_heads: int, **kwargs):
        super().__init__(**kwargs)
        if min(units, num_heads) < 1:
            raise ValueError(
                f"`units` and `num_heads` must be positive. Received: units={units}, num_heads={num_heads}."
            )
        self.units = int(units)
        self.num_heads = int(num_heads)

    def build(self, input_shape: tuple) -> None:
        _, height, width, channels = input_shape
        if channels % self.num_heads:
            raise ValueError(
                f"`num_heads` must divide the map's channels, {channels}. Received: num_heads={self.num_heads}."
            )
        self.map_size = (height, width)
        start = keras.initializers.RandomNormal(stddev=channels**-0.5)
        self.positions = self.add_weight(shape=(height * width + 1, channels), initializer=start, name="positions")
        self.query, self.key, self.value, self.projection = (
            keras.layers.Dense(units, kernel_initializer=start, dtype=self.dtype_policy, name=name)
            for name, units in (("query", channels), ("key", channels), ("value", channels), ("projection", self.units))
        )
        for layer in (self.query, self.key, self.value, self.projection):
            layer.build((None, channels))
        self.built = True

    def call(self, maps: KerasTensor) -> KerasTensor:
        size, channels = tuple(maps.shape[1:3]), maps.shape[-1]
        if None not in size and size != self.map_size:
            raise ValueError(f"Maps must be of the size {self.map_size}. Received: {size}.")
        places = ops.reshape(maps, (-1, self.map_size[0] * self.map_size[1], channels))
        tokens = ops.concatenate([ops.mean(places, axis=1, keepdims=True), places], axis=1)
        tokens = tokens + ops.cast(self.positions, tokens.dtype)
        query = self._heads(self.query(tokens[:, :1])) * (channels // self.num_heads) ** -0.5
        keys, values = self._heads(self.key(tokens)), self._heads(self.value(tokens))
        attention = ops.softmax(ops.matmul(query, ops.transpose(keys, (0, 1, 3, 2))), axis=-1)
        return self.projection(ops.reshape(ops.matmul(attention, values), (-1, channels)))

    def _heads(self, tokens: KerasTensor) -> KerasTensor:
        """From `(batch, count, channels)` to `(batch, num_heads, count, channels / num_heads)`."""
        count, channels = tokens.shape[1:]
        parts = ops.reshape(tokens, (-1, count, self.num_heads, channels // self.num_heads))
        return ops.transpose(parts, (0, 2, 1, 3))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.units)

    def get_config(self) -> dict:
        return super().get_config() | {"units": self.units, "num_heads": self.num_heads}
