"""Depthwise convolutions on a CPU: outputs and gradients of channels-last images, float32 or bfloat16.

A thread goes through an image PAIR channels at a time, row by row. As many rows as the kernel has are kept as float32
in the cache, between columns of zeros; what is added up stays in registers along a row. So the time is about that of
reading and writing the images once.
"""

from typing import NamedTuple

import numpy as np
import torch
from numba import prange

from competition.models.kernels.compiled import PARTS, compiled, empty, flat, images_of, run
from competition.models.kernels.pairs import PAIR, as_pairs, first, load, ordered, second, store_pair
from competition.models.kernels.rows import add_products, correlate
from competition.models.kernels.vectors import LANES, clamp, repeated


class Shape(NamedTuple):
    """Convolution of (images, height, width, channels) to (height, width), with square kernel and stride, and `top`
    rows and `left` columns of zeros before the first.
    """

    images: int
    channels: int
    height: int
    width: int
    out_height: int
    out_width: int
    kernel: int
    stride: int
    top: int
    left: int

    @property
    def symmetric(self) -> bool:
        """Whether as many rows of zeros come behind the last as before the first, and columns."""
        return all(
            (size + 2 * before - self.kernel) // self.stride + 1 == out
            for size, before, out in ((self.height, self.top, self.out_height), (self.width, self.left, self.out_width))
        )


def convolved(
    inputs: torch.Tensor,
    weight: torch.Tensor,
    shape: Shape,
    bias: torch.Tensor | None = None,
    limits: tuple[float, float] = (-np.inf, np.inf),
) -> torch.Tensor:
    """Return the outputs (B, C, H', W') of `inputs` (B, C, H, W) and `weight` (C, 1, K, K), channels last.

    bias: (C,), added to them; limits: what they are then cut off at.
    """
    outputs = empty(inputs, shape.out_height, shape.out_width)
    bias = weight.new_zeros(len(weight)) if bias is None else bias
    bounds = np.float32(limits[0]), np.float32(limits[1])
    taps, added = _taps(weight, inputs.dtype), _taps(bias, inputs.dtype)
    run(_outputs, _all_outputs, shape, flat(inputs), taps, added, bounds, flat(outputs))
    return outputs


def input_gradient(gradient: torch.Tensor, weight: torch.Tensor, shape: Shape) -> torch.Tensor:
    """Return the gradient of the inputs (B, C, H, W), from that of the outputs (B, C, H', W')."""
    of_inputs = empty(gradient, shape.height, shape.width)
    run(_of_inputs, _all_of_inputs, shape, flat(gradient), _taps(weight, gradient.dtype), flat(of_inputs))
    return of_inputs


def weight_gradient(inputs: torch.Tensor, gradient: torch.Tensor, shape: Shape) -> torch.Tensor:
    """Return the gradient of the weight, float32 (C, 1, K, K), from `inputs` and the outputs' `gradient`."""
    kernel, channels = shape.kernel, shape.channels
    parts = np.zeros((PARTS, -(-channels // PAIR), kernel * kernel, 2, LANES), np.float32)
    run(_of_weight, _all_of_weight, shape, flat(inputs), flat(gradient), parts.reshape(PARTS, -1))
    taps = ordered(parts.sum(axis=0), channels, inputs.dtype == torch.bfloat16)
    return torch.from_numpy(taps.T.reshape(channels, 1, kernel, kernel))


def _taps(weight: torch.Tensor, dtype: torch.dtype) -> np.ndarray:
    taps = weight.detach().float().reshape(len(weight), -1).T.contiguous().numpy()
    return as_pairs(taps, dtype == torch.bfloat16).reshape(-1)


@compiled()
def _outputs(part, shape, inputs, taps, bias, limits, outputs):
    _, channels, height, width, out_height, out_width, kernel, stride, top, left = shape
    wide = max(left + width, (out_width - 1) * stride + kernel) * PAIR
    rows = np.zeros(kernel * wide, np.float32)  # the last `kernel` rows of the inputs, between columns of zeros
    sums = np.empty(out_width * PAIR, np.float32)
    low, high = repeated(limits[0]), repeated(limits[1])
    begin, end = images_of(part, shape.images)
    for image in range(begin, end):
        for pair in range((channels + PAIR - 1) // PAIR):
            channel, read = min(pair * PAIR, channels - PAIR), 0
            for y in range(out_height):
                above = y * stride - top
                read = _read_rows(shape, inputs, image, channel, max(read, above), above + kernel, rows, wide)
                for x in range(out_width):
                    store_pair(sums, x * PAIR, load(bias, pair * PAIR), load(bias, pair * PAIR + LANES))
                for row in range(max(0, -above), min(kernel, height - above)):
                    tap, seen = (pair * kernel + row) * kernel * PAIR, ((above + row) % kernel) * wide
                    _correlate(sums, 0, PAIR, rows, seen, stride * PAIR, taps, tap, PAIR, out_width, kernel)
                to = (image * out_height + y) * out_width * channels + channel
                for x in range(out_width):
                    one, two = load(sums, x * PAIR), load(sums, x * PAIR + LANES)
                    store_pair(outputs, to + x * channels, clamp(one, low, high), clamp(two, low, high))


@compiled()
def _of_inputs(part, shape, gradient, taps, of_inputs):
    _, channels, height, width, out_height, out_width, kernel, stride, top, left = shape
    wide = (out_width + 2 * kernel) * PAIR
    rows = np.zeros(kernel * wide, np.float32)  # the last rows of the gradient, between columns of zeros
    sums = np.empty(width * PAIR, np.float32)
    begin, end = images_of(part, shape.images)
    for image in range(begin, end):
        for pair in range((channels + PAIR - 1) // PAIR):
            channel, read = min(pair * PAIR, channels - PAIR), 0
            for y in range(height):
                for row in range(read, min((y + top) // stride + 1, out_height)):
                    source = (image * out_height + row) * out_width * channels + channel
                    _unpack(gradient, source, channels, out_width, rows, (row % kernel) * wide + kernel * PAIR)
                    read = row + 1
                sums[:] = 0
                for row in range((y + top) % stride, kernel, stride):
                    seen_y = (y + top - row) // stride
                    if not 0 <= seen_y < out_height:
                        continue
                    for x in range(min(stride, width)):  # and every stride-th column from there, which see as many taps
                        column = (x + left) % stride
                        count = (kernel - column + stride - 1) // stride
                        if count <= 0:
                            continue
                        seen = (seen_y % kernel) * wide + (kernel + (x + left - column) // stride - count + 1) * PAIR
                        tap = ((pair * kernel + row) * kernel + column + (count - 1) * stride) * PAIR
                        of_each = (width - x + stride - 1) // stride
                        _correlate(
                            sums, x * PAIR, stride * PAIR, rows, seen, PAIR, taps, tap, -stride * PAIR, of_each, count
                        )
                to = (image * height + y) * width * channels + channel
                for x in range(width):
                    store_pair(of_inputs, to + x * channels, load(sums, x * PAIR), load(sums, x * PAIR + LANES))


@compiled()
def _correlate(sums, place, place_step, rows, seen, step, taps, tap, tap_step, count, columns):
    if columns == 1:
        correlate(sums, place, place_step, rows, seen, step, taps, tap, tap_step, count, 1)
    elif columns == 2:
        correlate(sums, place, place_step, rows, seen, step, taps, tap, tap_step, count, 2)
    elif columns == 3:
        correlate(sums, place, place_step, rows, seen, step, taps, tap, tap_step, count, 3)
    elif columns == 5:
        correlate(sums, place, place_step, rows, seen, step, taps, tap, tap_step, count, 5)
    else:
        for column in range(columns):
            at, of = seen + column * PAIR, tap + column * tap_step
            correlate(sums, place, place_step, rows, at, step, taps, of, tap_step, count, 1)


@compiled()
def _of_weight(part, shape, inputs, gradient, parts):
    _, channels, height, width, out_height, out_width, kernel, stride, top, left = shape
    sums = parts[part]
    wide = max(left + width, (out_width - 1) * stride + kernel) * PAIR
    rows = np.zeros(kernel * wide, np.float32)  # the last `kernel` rows of the inputs, between columns of zeros
    given = np.empty(out_width * PAIR, np.float32)
    begin, end = images_of(part, shape.images)
    for image in range(begin, end):
        for pair in range((channels + PAIR - 1) // PAIR):
            channel, read = min(pair * PAIR, channels - PAIR), 0
            for y in range(out_height):
                above = y * stride - top
                read = _read_rows(shape, inputs, image, channel, max(read, above), above + kernel, rows, wide)
                _unpack(
                    gradient, (image * out_height + y) * out_width * channels + channel, channels, out_width, given, 0
                )
                for row in range(max(0, -above), min(kernel, height - above)):
                    tap, seen = (pair * kernel + row) * kernel * PAIR, ((above + row) % kernel) * wide
                    if kernel == 3:
                        add_products(sums, tap, rows, seen, given, 0, stride * PAIR, out_width, 3)
                    elif kernel == 5:
                        add_products(sums, tap, rows, seen, given, 0, stride * PAIR, out_width, 5)
                    else:
                        for column in range(kernel):
                            tap, seen = tap + PAIR * (column > 0), seen + PAIR * (column > 0)
                            add_products(sums, tap, rows, seen, given, 0, stride * PAIR, out_width, 1)


@compiled()
def _read_rows(shape, inputs, image, channel, begin, end, rows, wide):
    """Unpack the rows of an image from `begin` to before `end`, of those there are; return which comes next."""
    for row in range(begin, min(end, shape.height)):
        source = (image * shape.height + row) * shape.width * shape.channels + channel
        to = (row % shape.kernel) * wide + shape.left * PAIR
        _unpack(inputs, source, shape.channels, shape.width, rows, to)
    return max(begin, min(end, shape.height))


@compiled()
def _unpack(packed, source, channels, count, pairs, to):
    for index in range(count):
        at = source + index * channels
        store_pair(pairs, to + index * PAIR, first(packed, at), second(packed, at))


@compiled(parallel=True)
def _all_outputs(shape, inputs, taps, bias, limits, outputs):
    for part in prange(PARTS):
        _outputs(part, shape, inputs, taps, bias, limits, outputs)


@compiled(parallel=True)
def _all_of_inputs(shape, gradient, taps, of_inputs):
    for part in prange(PARTS):
        _of_inputs(part, shape, gradient, taps, of_inputs)


@compiled(parallel=True)
def _all_of_weight(shape, inputs, gradient, parts):
    for part in prange(PARTS):
        _of_weight(part, shape, inputs, gradient, parts)
