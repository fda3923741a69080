"""Plain data between the two kernels: numbers, text, tuples, lists, dicts and NumPy arrays.

Never pickle: what comes from a student's process is only ever decoded into these types. An
array travels as dtype, shape and bytes. Size, depth and number of items are limited both ways.
This file is also copied into the sandbox, so it imports nothing of the package.
"""

import re
import struct

import msgpack
import numpy as np

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 16
MAX_ITEMS = 200_000
MAX_DIMENSIONS = 32
MAX_INT_BITS = 4096

# Booleans, integers, floats and complex numbers: no objects, no text, no records, no dates.
DTYPE = re.compile(r"[<>|=][biufc]\d{1,2}")


HEAD = struct.Struct(">QQ")  # of a frame: its number, bytes that follow


class WireError(Exception):
    """A value can't travel, or bytes are not a value; the message says which and why."""


def to_bytes(value, limit=MAX_BYTES):
    """Encode a value. Raises WireError if it is not plain data or too large."""
    data = msgpack.packb(_lower(value, 0, _Budget(limit)), use_bin_type=True)
    if len(data) > limit:
        raise WireError(f"{len(data)} bytes, more than the {limit} that may travel")
    return data


def from_bytes(data, limit=MAX_BYTES):
    """Decode bytes from anywhere. Raises WireError for anything but a plain value."""
    if not isinstance(data, bytes) or len(data) > limit:
        raise WireError("not bytes, or too many")
    try:
        raw = msgpack.unpackb(
            data, raw=False, strict_map_key=True, max_map_len=0, max_ext_len=0, use_list=True
        )
    except Exception as error:  # msgpack raises many kinds, all mean the same here
        raise WireError(f"not a message: {type(error).__name__}") from None
    return _lift(raw, 0, _Budget(limit))


def frame(number, data):
    """Bytes that carry a message with a number: an answer has that of its request."""
    return HEAD.pack(number, len(data)) + data


def unframe(received, limit=MAX_BYTES):
    """(number, message, length of the frame) at the start of some bytes; None if it is not whole.

    The message is None if it would be longer than the limit.
    """
    if len(received) < HEAD.size:
        return None
    number, length = HEAD.unpack_from(received)
    if length > limit:
        return number, None, HEAD.size
    if len(received) < HEAD.size + length:
        return None
    return number, bytes(received[HEAD.size : HEAD.size + length]), HEAD.size + length


class _Budget:
    """Counts items and bytes while a value is walked."""

    def __init__(self, limit):
        self.items, self.bytes = MAX_ITEMS, limit

    def spend(self, size=0):
        self.items -= 1
        self.bytes -= size
        if self.items < 0:
            raise WireError(f"more than {MAX_ITEMS} items")
        if self.bytes < 0:
            raise WireError("too large to travel")


def _check_dtype(name):
    if not isinstance(name, str) or not DTYPE.fullmatch(name):
        raise WireError(f"arrays of dtype {str(name)[:40]!r} can't travel, only numbers and bools")
    try:
        return np.dtype(name)
    except TypeError:
        raise WireError(f"no dtype {name[:40]!r}") from None


def _lower(value, depth, budget):
    """A value as what msgpack knows: scalars as they are, everything else as a tagged list."""
    if depth > MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH}")
    kind = type(value)  # not isinstance: an object may lie about its class
    if value is None or kind is bool or kind is float:
        budget.spend()
        return value
    if kind is int:
        budget.spend()
        if -(2**63) <= value < 2**63:
            return value
        if value.bit_length() > MAX_INT_BITS:
            raise WireError(f"an integer of {value.bit_length()} bits")
        return ["i", hex(value)]
    if kind is complex:
        budget.spend()
        return ["c", value.real, value.imag]
    if kind is str:
        budget.spend(len(value))
        # A lone surrogate has no UTF-8; it is shown, not sent.
        return value.encode("utf-8", "backslashreplace").decode()
    if kind is bytes:
        budget.spend(len(value))
        return value
    # A named tuple or a defaultdict arrives as the plain kind below it, read by its methods.
    for plain, tag in ((tuple, "t"), (list, "l")):
        if issubclass(kind, plain):
            budget.spend()
            return [tag, [_lower(v, depth + 1, budget) for v in plain.__iter__(value)]]
    if issubclass(kind, dict):
        budget.spend()
        pairs = [
            [_lower(k, depth + 1, budget), _lower(v, depth + 1, budget)]
            for k, v in dict.items(value)
        ]
        return ["d", pairs]
    if isinstance(value, np.generic):
        array = np.asarray(value)
        _check_dtype(array.dtype.str)
        budget.spend(array.nbytes)
        return ["s", array.dtype.str, np.ndarray.tobytes(array)]
    if isinstance(value, np.ndarray):
        # Subclasses (matrix, masked) arrive as the plain array below them.
        array = np.asarray(value)
        _check_dtype(array.dtype.str)
        budget.spend(array.nbytes)
        return ["a", array.dtype.str, list(array.shape), np.ndarray.tobytes(array)]
    raise WireError(
        f"a {kind.__name__[:60]} is not plain data (numbers, arrays, tuples, lists, dicts)"
    )


def _lift(raw, depth, budget):
    """The inverse of _lower for bytes that may be hostile. Raises WireError."""
    if depth > MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH}")
    budget.spend()
    if raw is None or isinstance(raw, (bool, int, float, str, bytes)):
        return raw
    if not isinstance(raw, list) or not raw or not isinstance(raw[0], str):
        raise WireError("malformed value")
    tag, rest = raw[0], raw[1:]
    if tag in ("t", "l") and len(rest) == 1 and isinstance(rest[0], list):
        items = [_lift(item, depth + 1, budget) for item in rest[0]]
        return tuple(items) if tag == "t" else items
    if tag == "d" and len(rest) == 1 and isinstance(rest[0], list):
        return _lift_dict(rest[0], depth, budget)
    if tag == "i" and len(rest) == 1 and isinstance(rest[0], str):
        return _lift_int(rest[0])
    if tag == "c" and len(rest) == 2 and all(isinstance(part, float) for part in rest):
        return complex(*rest)
    if tag == "s" and len(rest) == 2:
        return _lift_array(rest[0], [], rest[1])[()]
    if tag == "a" and len(rest) == 3:
        return _lift_array(*rest)
    raise WireError("malformed value")


def _lift_int(text):
    if len(text) > MAX_INT_BITS // 4 + 4:
        raise WireError("an integer too long")
    try:
        return int(text, 16)
    except ValueError:
        raise WireError("malformed integer") from None


def _lift_dict(pairs, depth, budget):
    result = {}
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise WireError("malformed dict")
        key, value = (_lift(part, depth + 1, budget) for part in pair)
        try:
            result[key] = value
        except TypeError:
            raise WireError(f"a {type(key).__name__} as key of a dict") from None
    return result


def _lift_array(name, shape, data):
    dtype = _check_dtype(name)
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS or not isinstance(data, bytes):
        raise WireError("malformed array")
    size = dtype.itemsize
    for length in shape:
        # bool is an int to Python; an array of shape (True,) is nobody's honest answer.
        if type(length) is not int or not 0 <= length <= MAX_BYTES:
            raise WireError("malformed shape")
        size *= length
    if size != len(data):
        raise WireError("an array whose bytes don't fit its shape")
    return np.frombuffer(data, dtype).reshape(shape).copy()
