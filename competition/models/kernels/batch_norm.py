"""Batch-norm of a batch and the activation behind it on a CPU, of channels-last images, float32 or bfloat16.

Torch reads and writes each image thirteen times for both, forwards and backwards; eight are needed. What is kept for
the way back is the input alone: the activation is computed again.
"""

from typing import NamedTuple

import numpy as np
import torch
from numba import prange

from competition.models.kernels.activations import Activation, activated, behind
from competition.models.kernels.compiled import PARTS, compiled, empty, flat, images_of, run
from competition.models.kernels.pairs import PAIR, as_pairs, first, load, ordered, second, store_pair
from competition.models.kernels.vectors import LANES, add, multiply_add, repeated


class _Images(NamedTuple):
    images: int
    pixels: int
    channels: int


def statistics(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each channel's mean and (biased) variance, float32 (C,), of `inputs` (B, C, H, W)."""
    shape = _shape(inputs)
    sums = _sums(shape)
    near = inputs[0, :, 0, 0].float()  # added up are differences from it, which are exact wherever the mean lies
    run(_add_up, _all_add_up, shape, flat(inputs), _pairs(inputs, near), sums)
    total, squares = _totals(sums, inputs) / (shape.images * shape.pixels)
    return near + total.float(), (squares - total**2).clamp_min(0).float()


def normalised(inputs: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor, activation: Activation) -> torch.Tensor:
    """Return the activation of `inputs` (B, C, H, W) * `scale` + `shift`, both (C,), of each channel."""
    outputs = empty(inputs, *inputs.shape[2:])
    run(
        _normalise,
        _all_normalise,
        _shape(inputs),
        flat(inputs),
        _pairs(inputs, scale, shift),
        _numbers(activation),
        flat(outputs),
    )
    return outputs


def gradient_sums(
    inputs: torch.Tensor,
    gradient: torch.Tensor,
    scale: torch.Tensor,
    shift: torch.Tensor,
    mean: torch.Tensor,
    activation: Activation,
) -> torch.Tensor:
    """Return (2, C), float64: sums of g, the gradient behind the activation, and of g * (input - `mean`)."""
    shape = _shape(inputs)
    sums = _sums(shape)
    run(
        _add_up_gradient,
        _all_add_up_gradient,
        shape,
        flat(inputs),
        flat(gradient),
        _pairs(inputs, scale, shift, -mean),
        _numbers(activation),
        sums,
    )
    return _totals(sums, inputs)


def input_gradient(
    inputs: torch.Tensor,
    gradient: torch.Tensor,
    scale: torch.Tensor,
    shift: torch.Tensor,
    factor: torch.Tensor,
    constant: torch.Tensor,
    activation: Activation,
) -> torch.Tensor:
    """Return g * `scale` + input * `factor` + `constant` (B, C, H, W), with g the gradient behind the activation."""
    of_inputs = empty(inputs, *inputs.shape[2:])
    run(
        _of_inputs,
        _all_of_inputs,
        _shape(inputs),
        flat(inputs),
        flat(gradient),
        _pairs(inputs, scale, shift, factor, constant),
        _numbers(activation),
        flat(of_inputs),
    )
    return of_inputs


def _shape(images: torch.Tensor) -> _Images:
    batch, channels, height, width = images.shape
    return _Images(batch, height * width, channels)


def _sums(shape: _Images) -> np.ndarray:
    """Return zeros: for each image two sums of each channel, in the order of pairs."""
    return np.zeros((shape.images, 2 * PAIR * -(-shape.channels // PAIR)), np.float32)


def _totals(sums: np.ndarray, inputs: torch.Tensor) -> torch.Tensor:
    totals = sums.sum(axis=0, dtype=np.float64).reshape(-1, 2, 2, LANES)
    return torch.from_numpy(ordered(totals, inputs.shape[1], inputs.dtype == torch.bfloat16))


def _pairs(inputs: torch.Tensor, *values: torch.Tensor) -> np.ndarray:
    """Return values of each channel, (C,) each, side by side in the order of pairs."""
    return as_pairs(torch.stack(values).detach().float().numpy(), inputs.dtype == torch.bfloat16).reshape(-1)


def _numbers(activation: Activation) -> tuple:
    return np.float32(activation.low), np.float32(activation.high), activation.hard_swish


@compiled()
def _add_up(part, shape, inputs, near, sums):
    begin, end = images_of(part, shape.images)
    minus = repeated(np.float32(-1))
    for image in range(begin, end):
        own = sums[image]
        for pixel in range(image * shape.pixels, (image + 1) * shape.pixels):
            for pair in range((shape.channels + PAIR - 1) // PAIR):
                at = pixel * shape.channels + min(pair * PAIR, shape.channels - PAIR)
                to, beside = 2 * pair * PAIR, pair * PAIR
                one = multiply_add(minus, load(near, beside), first(inputs, at))
                two = multiply_add(minus, load(near, beside + LANES), second(inputs, at))
                store_pair(own, to, add(load(own, to), one), add(load(own, to + LANES), two))
                to += PAIR
                store_pair(
                    own, to, multiply_add(one, one, load(own, to)), multiply_add(two, two, load(own, to + LANES))
                )


@compiled()
def _normalise(part, shape, inputs, constants, activation, outputs):
    begin, end = images_of(part, shape.images)
    low, high, hard_swish = repeated(activation[0]), repeated(activation[1]), activation[2]
    for pixel in range(begin * shape.pixels, end * shape.pixels):
        for pair in range((shape.channels + PAIR - 1) // PAIR):
            at = pixel * shape.channels + min(pair * PAIR, shape.channels - PAIR)
            scale = 2 * pair * PAIR
            shift = scale + PAIR
            one = multiply_add(first(inputs, at), load(constants, scale), load(constants, shift))
            two = multiply_add(second(inputs, at), load(constants, scale + LANES), load(constants, shift + LANES))
            one, two = activated(one, low, high, hard_swish), activated(two, low, high, hard_swish)
            store_pair(outputs, at, one, two)


@compiled()
def _add_up_gradient(part, shape, inputs, gradient, constants, activation, sums):
    begin, end = images_of(part, shape.images)
    low, high, hard_swish = repeated(activation[0]), repeated(activation[1]), activation[2]
    for image in range(begin, end):
        own = sums[image]
        for pixel in range(image * shape.pixels, (image + 1) * shape.pixels):
            for pair in range((shape.channels + PAIR - 1) // PAIR):
                at = pixel * shape.channels + min(pair * PAIR, shape.channels - PAIR)
                to, scale = 2 * pair * PAIR, 3 * pair * PAIR
                shift, minus_mean = scale + PAIR, scale + 2 * PAIR
                a, b = first(inputs, at), second(inputs, at)
                one = multiply_add(a, load(constants, scale), load(constants, shift))
                two = multiply_add(b, load(constants, scale + LANES), load(constants, shift + LANES))
                one = behind(first(gradient, at), one, low, high, hard_swish)
                two = behind(second(gradient, at), two, low, high, hard_swish)
                store_pair(own, to, add(load(own, to), one), add(load(own, to + LANES), two))
                to += PAIR
                one = multiply_add(one, add(a, load(constants, minus_mean)), load(own, to))
                two = multiply_add(two, add(b, load(constants, minus_mean + LANES)), load(own, to + LANES))
                store_pair(own, to, one, two)


@compiled()
def _of_inputs(part, shape, inputs, gradient, constants, activation, of_inputs):
    begin, end = images_of(part, shape.images)
    low, high, hard_swish = repeated(activation[0]), repeated(activation[1]), activation[2]
    for pixel in range(begin * shape.pixels, end * shape.pixels):
        for pair in range((shape.channels + PAIR - 1) // PAIR):
            at = pixel * shape.channels + min(pair * PAIR, shape.channels - PAIR)
            scale = 4 * pair * PAIR
            shift, factor, constant = scale + PAIR, scale + 2 * PAIR, scale + 3 * PAIR
            a, b = first(inputs, at), second(inputs, at)
            one = multiply_add(a, load(constants, scale), load(constants, shift))
            two = multiply_add(b, load(constants, scale + LANES), load(constants, shift + LANES))
            one = behind(first(gradient, at), one, low, high, hard_swish)
            two = behind(second(gradient, at), two, low, high, hard_swish)
            rest = multiply_add(a, load(constants, factor), load(constants, constant))
            one = multiply_add(one, load(constants, scale), rest)
            rest = multiply_add(b, load(constants, factor + LANES), load(constants, constant + LANES))
            two = multiply_add(two, load(constants, scale + LANES), rest)
            store_pair(of_inputs, at, one, two)


@compiled(parallel=True)
def _all_add_up(shape, inputs, near, sums):
    for part in prange(PARTS):
        _add_up(part, shape, inputs, near, sums)


@compiled(parallel=True)
def _all_normalise(shape, inputs, constants, activation, outputs):
    for part in prange(PARTS):
        _normalise(part, shape, inputs, constants, activation, outputs)


@compiled(parallel=True)
def _all_add_up_gradient(shape, inputs, gradient, constants, activation, sums):
    for part in prange(PARTS):
        _add_up_gradient(part, shape, inputs, gradient, constants, activation, sums)


@compiled(parallel=True)
def _all_of_inputs(shape, inputs, gradient, constants, activation, of_inputs):
    for part in prange(PARTS):
        _of_inputs(part, shape, inputs, gradient, constants, activation, of_inputs)
