"""Draws a scene: a sheet of one colour, a drawing, a sign in large letters, a caption in small ones.

Letters are shaped by Raqm, without which Burmese, Tamil and Thai come out wrong. Every line begins at
a multiple of 16 pixels from the left and from the top, as the tower's patches do: the tower is tiny.
"""

import colorsys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont, features

from picture.icons import BY_NAME, Colour, Pen
from picture.layouts import Box, Layout

FONTS = Path("/usr/share/fonts/truetype/noto")
SCRIPTS = {"th": "Thai", "ta": "Tamil", "my": "Myanmar"}
SIGN_PIXELS = (18, 15)
CAPTION_PIXELS = (13, 11)
GRID = 16
SUPERSAMPLING = 2
RIBBON_NOTCH = 10


class DoesNotFit(ValueError):
    """The sign cannot be written into its box in letters that can be read."""


@dataclass(frozen=True)
class Scene:
    layout: Layout
    width: int
    height: int
    language: str
    icon: str | None = None
    sign: str | None = None
    caption: str | None = None


@dataclass(frozen=True)
class Picture:
    image: Image.Image
    # What stands where, in pixels: ("icon cat", box), ("sign Be kind", box).
    parts: tuple[tuple[str, Box], ...]


@dataclass(frozen=True)
class Colours:
    paper: Colour
    ink: Colour
    accent: Colour
    second: Colour


def draw(scene: Scene, random: Random) -> Picture:
    if not features.check("raqm"):
        raise RuntimeError("Pillow has no Raqm: install libraqm, or Burmese and Tamil come out wrong")
    colours = choose_colours(random)
    image = Image.new("RGB", (scene.width, scene.height), colours.paper)
    canvas = ImageDraw.Draw(image)
    draw_backing(canvas, scene, colours)
    parts = []
    if scene.icon:
        box = pixels(scene.layout.icon, scene)
        parts.append((f"icon {scene.icon}", draw_icon(image, scene.icon, box, colours, random)))
    if scene.sign:
        box, ink = pixels(scene.layout.sign, scene), colours.ink
        if scene.layout.backing in ("card", "bubble"):
            box, ink = (box[0] + 6, box[1] + 4, box[2] - 6, box[3] - 4), (20, 20, 30)
        elif scene.layout.backing == "ribbon":
            box = (box[0] + RIBBON_NOTCH, box[1] + 3, box[2], box[3] - 3)
        written = write(canvas, scene.sign, box, font_file(scene.language), SIGN_PIXELS, ink, 3)
        parts.append((f"sign {scene.sign}", written))
    if scene.caption and scene.layout.caption:
        file = font_file(scene.language)
        write(canvas, scene.caption, pixels(scene.layout.caption, scene), file, CAPTION_PIXELS, colours.ink, 1)
    return Picture(image, tuple(parts))


def pixels(box: Box, scene: Scene) -> Box:
    return box[0] * scene.width, box[1] * scene.height, box[2] * scene.width, box[3] * scene.height


def choose_colours(random: Random) -> Colours:
    """Dark on pale, or now and then the other way round."""
    hue = random.random()
    pale, dark = shade(hue, 0.12 * random.random(), 1.0), shade(random.random(), 0.7, 0.25 * random.random())
    accent = shade(hue + 0.3 + 0.2 * random.random(), 0.6, 0.95)
    second = shade(hue + 0.6 + 0.2 * random.random(), 0.55, 0.95)
    if random.random() < 0.1:
        return Colours(shade(hue, 0.7, 0.22), (255, 255, 240), accent, second)
    return Colours(pale, dark, accent, second)


def shade(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def draw_backing(canvas: ImageDraw.ImageDraw, scene: Scene, colours: Colours) -> None:
    kind, width, height = scene.layout.backing, scene.width, scene.height
    if kind == "frame":
        canvas.rectangle((2, 2, width - 3, height - 3), outline=colours.accent, width=4)
        return
    if kind == "none" or scene.layout.sign is None:
        return
    left, top, right, bottom = pixels(scene.layout.sign, scene)
    white = (255, 255, 250)
    if kind == "card":
        canvas.rounded_rectangle((left, top, right, bottom), 8, fill=white, outline=colours.accent, width=2)
    elif kind == "bubble":
        tail = [(right - 40, bottom - 2), (right - 16, bottom - 2), (right - 24, bottom + 12)]
        canvas.polygon(tail, fill=white, outline=colours.accent)
        canvas.rounded_rectangle((left, top, right, bottom), 14, fill=white, outline=colours.accent, width=2)
    elif kind in ("band", "ribbon"):
        for y in (top, bottom):
            canvas.line((0, y, width, y), fill=colours.accent, width=3)
        if kind == "ribbon":
            canvas.polygon([(0, top), (RIBBON_NOTCH, (top + bottom) / 2), (0, bottom)], fill=colours.accent)


def draw_icon(image: Image.Image, name: str, box: Box, colours: Colours, random: Random) -> Box:
    left, top, right, bottom = box
    room = min(right - left, bottom - top)
    side = int(room * random.uniform(0.8, 1.0))
    x = int(left + random.random() * (right - left - side))
    y = int(top + random.random() * (bottom - top - side))
    # Drawn twice as large on the colour beneath, then made smaller: smooth edges.
    large = Image.new("RGB", (side * SUPERSAMPLING, side * SUPERSAMPLING), colours.paper)
    pen = Pen(
        ImageDraw.Draw(large),
        0,
        0,
        side * SUPERSAMPLING,
        colours.ink,
        colours.paper,
        colours.accent,
        colours.second,
    )
    BY_NAME[name](pen)
    image.paste(large.resize((side, side), Image.Resampling.BOX), (x, y))
    return x, y, x + side, y + side


def font_file(language: str) -> str:
    return str(FONTS / f"NotoSans{SCRIPTS.get(language, '')}-Bold.ttf")


@lru_cache(maxsize=256)
def font(file: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.RAQM)


def write(
    canvas: ImageDraw.ImageDraw, text: str, box: Box, file: str, sizes: tuple[int, ...], ink: Colour, lines_max: int
) -> Box:
    """Writes `text` centred into `box`, as large as fits; gives the box of the ink."""
    left, top, right, bottom = box
    for size in sizes:
        face = font(file, size)
        lines = wrapped(text, face, right - left)
        placed = [face.getbbox(line) for line in lines]
        pitch = -(-(max(b[3] - b[1] for b in placed) + 2) // GRID) * GRID
        height = pitch * (len(lines) - 1) + placed[-1][3] - placed[-1][1]
        if len(lines) > lines_max or height > bottom - top or max(b[2] - b[0] for b in placed) > right - left:
            continue
        start = snapped(top + (bottom - top - height) / 2, top)
        edges = []
        for number, (line, (x0, y0, x1, _)) in enumerate(zip(lines, placed, strict=True)):
            x = snapped(left + (right - left - (x1 - x0)) / 2, left)
            canvas.text((x - x0, start + number * pitch - y0), line, font=face, fill=ink)
            edges.append((x, x + x1 - x0))
        return min(e[0] for e in edges), start, max(e[1] for e in edges), start + height
    raise DoesNotFit(f"no letters are small enough for a box of {right - left:.0f} x {bottom - top:.0f} pixels")


def snapped(position: float, least: float) -> int:
    """The last line of the grid up to `position`, unless that lies outside the box."""
    grid = int(position // GRID * GRID)
    return grid if grid >= least else int(position)


def wrapped(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """The words on as few lines as fill `width`, words never broken."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and face.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
