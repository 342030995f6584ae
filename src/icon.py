#!/usr/bin/env python3
"""Draws icon.png, the picture of the packages: a handshake between two hosts, as a time-sequence diagram has it."""
import math
import pathlib
import struct
import zlib

SIZE = 128
SAMPLES = 4  # per pixel and axis
GROUND, TIMELINE = (23, 43, 77), (143, 169, 214)
SEGMENTS = [((38, 32), (90, 50), (79, 195, 247)), ((90, 58), (38, 76), (102, 224, 163)),
            ((38, 84), (90, 102), (255, 209, 102))]


def distance(x, y, a, b):
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = max(0.0, min(1.0, ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy)))
    return math.hypot(x - a[0] - t * dx, y - a[1] - t * dy)


def arrow(x, y, a, b):
    turn = math.atan2(b[1] - a[1], b[0] - a[0])
    tips = [(b[0] - 11 * math.cos(turn + s), b[1] - 11 * math.sin(turn + s)) for s in (-0.55, 0.55)]
    return min([distance(x, y, a, b)] + [distance(x, y, b, tip) for tip in tips])


def colour(x, y):
    outside = math.hypot(max(0, abs(x - 64) - 40), max(0, abs(y - 64) - 40))
    if outside > 22:
        return (0, 0, 0, 0)
    for a, b, paint in SEGMENTS:
        if arrow(x, y, a, b) < 3.2:
            return (*paint, 255)
    for at in (30, 98):
        if distance(x, y, (at, 22), (at, 106)) < 2.6:
            return (*TIMELINE, 255)
    return (*GROUND, 255)


def pixel(column, row):
    spots = [(i + 0.5) / SAMPLES for i in range(SAMPLES)]
    found = [colour(column + dx, row + dy) for dx in spots for dy in spots]
    alpha = sum(one[3] for one in found)
    if alpha == 0:
        return bytes(4)
    mixed = [round(sum(one[i] * one[3] for one in found) / alpha) for i in range(3)]
    return bytes([*mixed, alpha // len(found)])


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(SIZE)) for y in range(SIZE))
png = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0))
       + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))
pathlib.Path(__file__).with_name("icon.png").write_bytes(png)
