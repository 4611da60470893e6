#!/usr/bin/env python3
"""seed_log.py: writes the files of corpus/hdf5_log that are made by hand; hdf5_log.c says what stands in them."""
import pathlib
import struct
import zlib

VALUE, COLUMN, PACKED, DROP, RESET, RAW, EXTENT, NEXT, LIE = 1, 2, 3, 6, 7, 8, 9, 10, 11
F64, I32, STRING = 1, 4, 8
SPIKES, WORDS, NOTE, MESSAGE, V, EXTRA, PAIR, ADDED = range(8)


def item(op, column=0, row=0, type=0, rank=0, flags=0, payload=b""):
    return struct.pack("<6BH", op, column, row, type, rank, flags, len(payload)) + payload


def shuffled(floats):
    plain = struct.pack(f"<{len(floats)}f", *floats)
    return zlib.compress(b"".join(plain[k::4] for k in range(4)))


def values():
    return (
        item(VALUE, SPIKES, 0, F64, 1, 0, struct.pack("<Q3d", 3, 1, 2, 3))
        + item(VALUE, SPIKES, 1, F64, 1, 0, struct.pack("<Q", 0))
        + item(VALUE, WORDS, 0, STRING, 2, 0, struct.pack("<2Q", 1, 2) + b"left\0right\0")
        + item(VALUE, NOTE, 2, STRING, 0, 0, b"a note\0")
        + item(VALUE, MESSAGE, 3, STRING, 0, 0, b"\0")
        + item(PACKED, V, 4, 0, 0, 0, shuffled(range(8)))
        + item(VALUE, PAIR, 5, I32, 1, 0, struct.pack("<Q2i", 2, 1, -1))
    )


def added(bits=1):
    text = b"column\tresults.late\ti64\t2\t0\t%d\t\t\t1\t0\t1\t0\ndimension\tx\t\t\t3\t0x0p+0\t0x0p+0\n\0" % bits
    return item(COLUMN, ADDED, 0, 0, 0, 0, text) + item(VALUE, ADDED, 1, 3, 1, 0, struct.pack("<4Q", 3, 1, 2, 3))


FILES = {
    "values": b"\0" + values(),
    "verified": b"\1" + values(),
    "column": b"\1" + added() + item(DROP, ADDED),
    "reset": b"\1" + values() + item(RESET, 0, 1, payload=struct.pack("<Q", 3)) + item(RESET, 0, 0, payload=struct.pack("<4I", 0, 1, 2, 1)),
    "extents": b"\1" + values() + item(EXTENT) + values() + item(EXTENT) + added(),
    "circle": b"\1" + values() + item(NEXT, 0, 1),
    "damaged": b"\1" + item(VALUE, SPIKES, 0, F64, 1, 1, struct.pack("<Q3d", 3, 1, 2, 3)) + item(RAW, payload=b"PIPREC1\n" * 3) + values(),
    "torn": b"\1" + values() + item(VALUE, NOTE, 2, STRING, 0, 2, b"a note that was torn\0"),
    "lies": b"\0" + item(LIE, SPIKES, 0, F64, 1, 0, struct.pack("<Q", 1 << 40)) + values(),
    "cut": b"\x43" + values(),
    "tight": b"\5" + values(),
    "no_log": b"\x09",
    "shape_too_large": b"\0" + item(VALUE, SPIKES, 0, F64, 1, 0, struct.pack("<Q", 1 << 60)),
    "shape_cut": b"\0" + item(VALUE, WORDS, 0, STRING, 2, 0, b"12345678"),
    "more_elements": b"\0" + item(VALUE, SPIKES, 0, F64, 1, 0, struct.pack("<Q40d", 1, *range(40))),
    "fewer_texts": b"\0" + item(VALUE, WORDS, 0, STRING, 2, 0, struct.pack("<2Q", 40, 2) + b"one\0two\0"),
    "text_without_end": b"\0" + item(VALUE, NOTE, 0, STRING, 0, 0, b"no end"),
    "another_type": b"\0" + item(VALUE, EXTRA, 0, I32, 0, 0, struct.pack("<i", 1)),
    "another_extent": b"\0" + item(VALUE, PAIR, 0, I32, 1, 0, struct.pack("<Q1i", 1, 1)),
    "longer_than_extent": b"\5" + item(LIE, SPIKES, 0, F64, 1, 0, struct.pack("<Q", 3 * 4096)) + values(),
    "extent_without_room": b"\5" + item(EXTENT, payload=struct.pack("<Q", 2 * 4096 + 128)),
    "way_to_nowhere": b"\5" + item(VALUE, SPIKES, 0, F64, 1, 0, struct.pack("<Q", 485) + bytes(8 * 485)) + item(EXTENT, payload=struct.pack("<Q", 8)),
    "end_behind_file": b"\5" + item(EXTENT, payload=struct.pack("<Q", 3 * 4096 + 512)),
    "placed_column": b"\1" + added(3),
}

folder = pathlib.Path(__file__).parent / "corpus" / "hdf5_log"
folder.mkdir(parents=True, exist_ok=True)
for name, content in FILES.items():
    (folder / name).write_bytes(content)
