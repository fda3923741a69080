"""The wire: what travels comes back equal, everything else is an error with a reason."""

import random

import msgpack
import numpy as np
import pytest

from grading import wire

VALUES = [
    None, True, 0, -1, 2**63, -(2**200), 0.5, float("inf"), 1 + 2j, "x", "\u00e9", b"\x00",
    (), (1, [2, {"a": (3,)}]), {"stride": 2, "pad": 1}, {1: 2, (1, 2): 3},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_round_trip(value):
    back = wire.from_bytes(wire.to_bytes(value))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8", "i1", "u2", "i8", "?", "c16", "f2"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_arrays_round_trip(dtype, shape):
    array = np.ones(shape, dtype)
    back = wire.from_bytes(wire.to_bytes(array))
    assert back.dtype == array.dtype and back.shape == shape and back.flags.writeable
    np.testing.assert_array_equal(back, array)


def test_numpy_scalars_stay_scalars():
    back = wire.from_bytes(wire.to_bytes(np.float32(0.5)))
    assert type(back) is np.float32


def nested(depth):
    value = 0
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        object(), print, {1, 2}, np.array([object()]), np.array(["x"]), np.zeros(2, "M8[s]"),
        np.zeros(2, [("a", "f8")]), nested(100), 1 << 10000, [0] * 300_000,
        np.zeros(5_000_000), type("I", (int,), {})(3),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_no_plain_data_is_refused(value):
    with pytest.raises(wire.WireError):
        wire.to_bytes(value)


@pytest.mark.parametrize(
    "raw",
    [
        ["a", "|O", [1], b"x" * 8], ["a", "<f8", [2], b"x" * 8], ["a", "<f8", [-1], b""],
        ["a", "<f8", [True], b"x" * 8], ["a", "<f8", [2**40, 0], b""], ["a", "<f3", [1], b"xxx"],
        ["a", "<f8", [1] * 40, b"x" * 8], ["d", [[["l", []], 1]]], ["d", [[1]]], ["i", "zz"],
        ["i", "0x" + "f" * 9999], ["q", 1], [], {"a": 1}, ["t", 5], ["c", 1, "x"], [["l"], 1],
        ["s", "<f8", b"x"], ["a", ["<f8"], [1], b"x" * 8], nested(200),
    ],
    ids=lambda raw: repr(raw)[:30],
)  # fmt: skip
def test_hostile_messages_are_refused(raw):
    with pytest.raises(wire.WireError):
        wire.from_bytes(msgpack.packb(raw))


def test_random_bytes_never_raise_anything_else():
    generator = random.Random(1)
    good = wire.to_bytes((np.zeros((2, 3)), {"a": [1, "x", 2.5]}))
    for _ in range(20_000):
        data = bytearray(good)
        for _ in range(generator.randrange(1, 6)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        try:
            wire.from_bytes(bytes(data[: generator.randrange(1, len(data) + 1)]))
        except wire.WireError:
            continue


def test_frames_are_taken_whole_or_not_at_all():
    sent = wire.frame(7, b"first") + wire.frame(8, b"")
    for cut in range(len(sent) + 1):
        found = wire.unframe(sent[:cut])
        assert found == ((7, b"first", 21) if cut >= 21 else None)
    assert wire.unframe(sent[21:]) == (8, b"", 16)
    assert wire.unframe(wire.HEAD.pack(9, wire.MAX_BYTES + 1)) == (9, None, 16)
