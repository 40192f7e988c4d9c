#!/usr/bin/env python3
"""Draws the mark: a sieve that holds back one grain and lets three through.

One list of shapes gives the SVG and every raster size, so that they cannot drift apart. Needs only Python's standard
library: `python3 icons/draw.py` writes icon.svg, the PNG set, icon.ico and icon.icns beside this file.
"""

import math
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent
GROUND, METAL, HELD, THROUGH = (0x1D, 0x4F, 0x56), (0xF2, 0xF4, 0xF1), (0xF0, 0xA2, 0x3B), (0xF2, 0xF4, 0xF1)

# In units of a 64 x 64 field: (kind, numbers, colour), painted in order.
SHAPES = [
    ("square", (2, 2, 60, 60, 13), GROUND),
    ("circle", (32, 15.5, 6), HELD),
    ("square", (9, 25, 46, 5, 2.5), METAL),
    ("bowl", (32, 30, 18), METAL),
    *[("circle", (x, y, 2.3), GROUND) for x, y in ((22, 34), (32, 34), (42, 34), (27, 40.5), (37, 40.5))],
    ("circle", (22, 53, 2.3), THROUGH),
    ("circle", (32, 56, 2.3), THROUGH),
    ("circle", (42, 53, 2.3), THROUGH),
]


def distance(kind, numbers, x, y):
    """Signed distance from a point to a shape's edge, negative inside."""
    if kind == "circle":
        cx, cy, r = numbers
        return math.hypot(x - cx, y - cy) - r
    if kind == "bowl":  # the lower half of a disc
        cx, cy, r = numbers
        return max(math.hypot(x - cx, y - cy) - r, cy - y)
    left, top, width, height, r = numbers
    dx = abs(x - left - width / 2) - width / 2 + r
    dy = abs(y - top - height / 2) - height / 2 + r
    return math.hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - r


def raster(size):
    """RGBA rows of the mark at size x size pixels."""
    unit = 64 / size
    rows = []
    for py in range(size):
        row = bytearray()
        for px in range(size):
            x, y = (px + 0.5) * unit, (py + 0.5) * unit
            red = green = blue = alpha = 0.0
            for kind, numbers, colour in SHAPES:
                cover = min(max(0.5 - distance(kind, numbers, x, y) / unit, 0.0), 1.0)
                if cover == 0.0:
                    continue
                below = alpha * (1 - cover)
                alpha = cover + below
                red, green, blue = (
                    (c * cover + b * below) / alpha for c, b in zip(colour, (red, green, blue))
                )
            row += bytes((round(red), round(green), round(blue), round(alpha * 255)))
        rows.append(bytes(row))
    return rows


def png(size):
    """The mark as the bytes of a PNG file."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in raster(size)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def svg():
    """The mark as an SVG document."""
    body = []
    for kind, n, colour in SHAPES:
        fill = "#%02x%02x%02x" % colour
        if kind == "circle":
            body.append(f'<circle cx="{n[0]}" cy="{n[1]}" r="{n[2]}" fill="{fill}"/>')
        elif kind == "bowl":
            body.append(f'<path d="M{n[0] - n[2]} {n[1]}a{n[2]} {n[2]} 0 0 0 {2 * n[2]} 0z" fill="{fill}"/>')
        else:
            body.append(
                f'<rect x="{n[0]}" y="{n[1]}" width="{n[2]}" height="{n[3]}" rx="{n[4]}" fill="{fill}"/>'
            )
    return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">\n' + "\n".join(body) + "\n</svg>\n"


def ico(images):
    """A Windows icon that holds PNG images by size."""
    head, body, offset = struct.pack("<HHH", 0, 1, len(images)), b"", 6 + 16 * len(images)
    for size, data in images.items():
        head += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(data), offset + len(body))
        body += data
    return head + body


def icns(images):
    """A macOS icon that holds PNG images by their four-letter type."""
    body = b"".join(kind + struct.pack(">I", len(data) + 8) + data for kind, data in images.items())
    return b"icns" + struct.pack(">I", len(body) + 8) + body


def main():
    images = {size: png(size) for size in (16, 32, 48, 128, 256, 512)}
    (HERE / "icon.svg").write_text(svg())
    (HERE / "32x32.png").write_bytes(images[32])
    (HERE / "128x128.png").write_bytes(images[128])
    (HERE / "128x128@2x.png").write_bytes(images[256])
    (HERE / "icon.png").write_bytes(images[512])
    (HERE / "icon.ico").write_bytes(ico({size: images[size] for size in (16, 32, 48, 256)}))
    (HERE / "icon.icns").write_bytes(icns({b"ic07": images[128], b"ic08": images[256], b"ic09": images[512]}))


if __name__ == "__main__":
    main()
