"""Adam as PyTorch has it, with own learning rates for groups of weights."""

import re
from collections.abc import Mapping, Sequence

import keras
from keras import KerasTensor, ops


@keras.saving.register_keras_serializable("comparators")
class GroupedAdam(keras.optimizers.Adam):
    """Trains some layers faster or slower than others, as fine-tuning wants it: a new head beside a trained trunk.

    It follows PyTorch's `Adam` step by step, as published recipes of transformers mean it: `l2` is added to the
    gradient (Keras's `weight_decay` is AdamW's), and `epsilon` to the root of the corrected second moment. All else is
    Keras's: schedules, clipping, mixed precision and `gradient_accumulation_steps`, whose gradients are averaged.

    Args:
        learning_rate: a number or a Keras schedule.
        factors: part of a weight's path, as a regular expression -> what its learning rate is multiplied by. The first
            that is found counts, and a weight of which none is found keeps the rate. `weight.path` shows the paths.
        beta_1: of the first moment.
        beta_2: of the second moment.
        epsilon: added to the divisor.
        l2: times the weight, added to its gradient.
        **kwargs: of `keras.optimizers.Adam`, such as `gradient_accumulation_steps` and `global_clipnorm`.

    Raises:
        ValueError: a factor or `l2` is negative, or a key is no regular expression; from `build`, a factor is of no
            weight.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="trunk")])
        >>> model.add(keras.layers.Dense(1, name="head"))
        >>> optimizer = GroupedAdam(1e-5, factors={"head/": 100})
        >>> optimizer.build(model.trainable_variables)
        >>> optimizer.factor_of(model.layers[0].kernel), optimizer.factor_of(model.layers[1].kernel)
        (1.0, 100.0)

    Reference:
        Kingma and Ba 2015, Adam: a method for stochastic optimization.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 1e-4,
        factors: Mapping[str, float] | None = None,
        beta_1: float = 0.95,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        l2: float = 0.0,
        **kwargs,
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)
        self.factors = {pattern: float(factor) for pattern, factor in (factors or {}).items()}
        self.l2 = l2
        for pattern in self.factors:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(
                    f"A key of `factors` must be a regular expression. Received: {pattern!r} ({error}). Put a "
                    "backslash before signs that stand for themselves, see `re.escape`."
                ) from None
        for name, value in {"l2": l2, **{f"factors[{key!r}]": value for key, value in self.factors.items()}}.items():
            if not value >= 0:
                raise ValueError(f"`{name}` must not be negative. Received: {name}={value}.")

    def build(self, var_list: Sequence[keras.Variable]) -> None:
        """Makes the moments of all weights and finds the factor of each."""
        if self.built:
            return
        super().build(var_list)
        # A step gets TensorFlow's own variables, which have no path.
        self._factor_at = [self.factor_of(weight) for weight in var_list]
        for pattern in self.factors:
            if not any(re.search(pattern, weight.path) for weight in var_list):
                shown = ", ".join(weight.path for weight in var_list[:5]) + (", ..." if len(var_list) > 5 else "")
                raise ValueError(
                    f"A key of `factors` must be part of a weight's path. Received: {pattern!r}, which is in none of "
                    f"{len(var_list)}: {shown}."
                )

    def factor_of(self, weight: keras.Variable) -> float:
        """Returns what the learning rate of a weight is multiplied by."""
        return next((factor for pattern, factor in self.factors.items() if re.search(pattern, weight.path)), 1.0)

    def update_step(self, gradient: KerasTensor, variable: keras.Variable, learning_rate: KerasTensor) -> None:
        """Updates one weight."""
        index, dtype = self._get_variable_index(variable), variable.dtype
        first, second = self._momentums[index], self._velocities[index]
        gradient = ops.cast(gradient, dtype) + self.l2 * ops.convert_to_tensor(variable)
        step = ops.cast(self.iterations + 1, dtype)
        self.assign_add(first, (gradient - first) * (1 - self.beta_1))
        self.assign_add(second, (ops.square(gradient) - second) * (1 - self.beta_2))
        rate = ops.cast(learning_rate, dtype) * self._factor_at[index] / (1 - ops.power(self.beta_1, step))
        root = ops.sqrt(second / (1 - ops.power(self.beta_2, step)))
        self.assign_sub(variable, rate * first / (root + self.epsilon))

    def get_config(self) -> dict:
        return super().get_config() | {"factors": self.factors, "l2": self.l2}
