"""Derivatives on whichever backend runs."""

from collections.abc import Callable

import keras
import numpy as np


def gradients(function: Callable, *arrays: np.ndarray) -> list[np.ndarray]:
    """Returns the derivatives of `function(*tensors)`, a scalar, with respect to each array."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        tensors = [tf.constant(array) for array in arrays]
        with tf.GradientTape() as tape:
            for tensor in tensors:
                tape.watch(tensor)
            value = function(*tensors)
        return [gradient.numpy() for gradient in tape.gradient(value, tensors)]
    if backend == "jax":
        import jax

        return [np.asarray(gradient) for gradient in jax.grad(function, argnums=tuple(range(len(arrays))))(*arrays)]
    import torch

    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    return [gradient.numpy() for gradient in torch.autograd.grad(function(*tensors), tensors)]
