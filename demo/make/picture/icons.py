"""Simple drawings made of shapes, each inside a square of `side` pixels at (`x`, `y`)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import ImageDraw

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Pen:
    """Draws in units of the square: (0, 0) is its left upper corner, (1, 1) its right lower one."""

    draw: ImageDraw.ImageDraw
    x: int
    y: int
    side: int
    ink: Colour
    paper: Colour
    accent: Colour
    second: Colour

    @property
    def width(self) -> int:
        return max(2, self.side // 22)

    def at(self, *points: float) -> list[float]:
        return [(self.x, self.y)[n % 2] + p * (self.side - 1) for n, p in enumerate(points)]

    def line(self, *points: float, colour: Colour | None = None) -> None:
        self.draw.line(self.at(*points), fill=colour or self.ink, width=self.width, joint="curve")

    def oval(self, *box: float, fill: Colour | None = None) -> None:
        self.draw.ellipse(self.at(*box), fill=fill, outline=self.ink, width=self.width)

    def box(self, *box: float, fill: Colour | None = None) -> None:
        self.draw.rectangle(self.at(*box), fill=fill, outline=self.ink, width=self.width)

    def shape(self, *points: float, fill: Colour | None = None) -> None:
        self.draw.polygon(self.at(*points), fill=fill, outline=self.ink, width=self.width)

    def arc(self, start: float, end: float, *box: float) -> None:
        self.draw.arc(self.at(*box), start, end, fill=self.ink, width=self.width)

    def slice(self, start: float, end: float, *box: float, fill: Colour) -> None:
        self.draw.pieslice(self.at(*box), start, end, fill=fill, outline=self.ink, width=self.width)

    def dot(self, x: float, y: float, radius: float, colour: Colour | None = None) -> None:
        self.draw.ellipse(self.at(x - radius, y - radius, x + radius, y + radius), fill=colour or self.ink)


def spy(pen: Pen) -> None:
    """A padlock with an open eye on it."""
    pen.arc(180, 360, 0.27, 0.02, 0.73, 0.62)
    pen.line(0.28, 0.3, 0.28, 0.42)
    pen.line(0.72, 0.3, 0.72, 0.42)
    pen.box(0.12, 0.4, 0.88, 0.98, fill=pen.accent)
    pen.oval(0.2, 0.52, 0.8, 0.86, fill=(255, 255, 255))
    pen.dot(0.5, 0.69, 0.14, (20, 20, 30))
    pen.dot(0.46, 0.65, 0.04, (255, 255, 255))


def wheel(pen: Pen) -> None:
    """A prize wheel: slices of two colours, a pointer above, a stand."""
    pen.shape(0.5, 0.6, 0.74, 0.99, 0.26, 0.99, fill=pen.ink)
    for number in range(8):
        fill = pen.accent if number % 2 else pen.second
        pen.slice(number * 45, number * 45 + 45, 0.08, 0.06, 0.92, 0.9, fill=fill)
    pen.dot(0.5, 0.48, 0.08)
    pen.shape(0.42, 0.0, 0.58, 0.0, 0.5, 0.16, fill=pen.ink)


def sneer(pen: Pen) -> None:
    """A face that laughs at somebody: slanted brows, shut eyes, wide mouth, tongue out."""
    pen.oval(0.04, 0.04, 0.96, 0.96, fill=pen.accent)
    pen.line(0.2, 0.26, 0.44, 0.38)
    pen.line(0.8, 0.26, 0.56, 0.38)
    pen.line(0.24, 0.42, 0.4, 0.46)
    pen.line(0.76, 0.42, 0.6, 0.46)
    pen.slice(0, 180, 0.22, 0.34, 0.78, 0.86, fill=pen.ink)
    pen.oval(0.42, 0.64, 0.62, 0.98, fill=pen.second)


def leap(pen: Pen) -> None:
    """A person in the air beside the edge of a roof."""
    pen.box(0.02, 0.4, 0.36, 0.99, fill=pen.accent)
    pen.shape(0.0, 0.4, 0.19, 0.22, 0.38, 0.4, fill=pen.second)
    pen.box(0.1, 0.56, 0.26, 0.72, fill=pen.paper)
    pen.dot(0.7, 0.16, 0.09)
    pen.line(0.7, 0.24, 0.66, 0.5)
    pen.line(0.44, 0.24, 0.69, 0.32, 0.94, 0.2)
    pen.line(0.5, 0.7, 0.66, 0.5, 0.88, 0.66)


def firecracker(pen: Pen) -> None:
    """A stick with a burning fuse."""
    pen.shape(0.18, 0.5, 0.44, 0.36, 0.7, 0.86, 0.44, 0.99, fill=pen.accent)
    pen.line(0.24, 0.64, 0.5, 0.5)
    pen.line(0.36, 0.86, 0.62, 0.72)
    pen.line(0.31, 0.43, 0.36, 0.28, 0.54, 0.24)
    for turn in range(8):
        angle = turn * math.pi / 4
        pen.line(0.66, 0.22, 0.66 + 0.2 * math.cos(angle), 0.22 + 0.2 * math.sin(angle), colour=pen.second)
    pen.dot(0.66, 0.22, 0.07, pen.second)


def card(pen: Pen) -> None:
    """An identity card: portrait on the left, lines of data on the right."""
    pen.box(0.0, 0.18, 1.0, 0.84, fill=pen.second)
    pen.box(0.07, 0.28, 0.42, 0.74, fill=(255, 255, 255))
    pen.dot(0.245, 0.42, 0.08)
    pen.slice(180, 360, 0.11, 0.52, 0.38, 0.96, fill=pen.ink)
    for height in (0.34, 0.46, 0.58, 0.7):
        pen.line(0.5, height, 0.92, height)


def rice(pen: Pen) -> None:
    """A heaped bowl with two chopsticks."""
    pen.line(0.5, 0.4, 0.78, 0.04)
    pen.line(0.6, 0.4, 0.92, 0.08)
    pen.oval(0.14, 0.22, 0.86, 0.76, fill=(255, 255, 255))
    pen.slice(0, 180, 0.06, 0.04, 0.94, 0.96, fill=pen.accent)


def flowers(pen: Pen) -> None:
    """Three blossoms in a vase."""
    for x, y in ((0.24, 0.26), (0.5, 0.16), (0.76, 0.26)):
        pen.line(x, y, 0.5, 0.66)
        for turn in range(5):
            angle = turn * math.tau / 5
            pen.dot(x + 0.1 * math.cos(angle), y + 0.1 * math.sin(angle), 0.07, pen.accent)
        pen.dot(x, y, 0.06, pen.second)
    pen.shape(0.32, 0.6, 0.68, 0.6, 0.6, 0.98, 0.4, 0.98, fill=pen.second)


def cat(pen: Pen) -> None:
    """The head of a cat."""
    pen.shape(0.12, 0.02, 0.44, 0.26, 0.14, 0.5, fill=pen.second)
    pen.shape(0.88, 0.02, 0.56, 0.26, 0.86, 0.5, fill=pen.second)
    pen.oval(0.1, 0.16, 0.9, 0.96, fill=pen.second)
    pen.dot(0.34, 0.5, 0.06)
    pen.dot(0.66, 0.5, 0.06)
    pen.dot(0.5, 0.64, 0.05, pen.accent)
    for shift in (0.62, 0.72):
        pen.line(0.02, shift - 0.04, 0.3, shift)
        pen.line(0.98, shift - 0.04, 0.7, shift)


def stall(pen: Pen) -> None:
    """A market stall under a striped awning."""
    for number in range(5):
        left, fill = 0.02 + number * 0.192, pen.accent if number % 2 == 0 else (255, 255, 255)
        pen.box(left, 0.06, left + 0.192, 0.36, fill=fill)
    pen.line(0.08, 0.36, 0.08, 0.98)
    pen.line(0.92, 0.36, 0.92, 0.98)
    pen.box(0.02, 0.66, 0.98, 0.82, fill=pen.second)
    for x in (0.22, 0.4, 0.58, 0.76):
        pen.dot(x, 0.58, 0.08, pen.accent)


def cup(pen: Pen) -> None:
    """A steaming cup of coffee on a saucer."""
    pen.oval(0.64, 0.46, 0.98, 0.78)
    pen.shape(0.12, 0.4, 0.78, 0.4, 0.66, 0.88, 0.24, 0.88, fill=pen.accent)
    pen.line(0.02, 0.95, 0.9, 0.95)
    for x in (0.3, 0.46, 0.62):
        pen.line(x, 0.32, x - 0.06, 0.22, x + 0.05, 0.14, x, 0.03)


def book(pen: Pen) -> None:
    """An open book."""
    pen.shape(0.5, 0.26, 0.02, 0.14, 0.02, 0.8, 0.5, 0.92, fill=(255, 255, 255))
    pen.shape(0.5, 0.26, 0.98, 0.14, 0.98, 0.8, 0.5, 0.92, fill=pen.accent)
    for height in (0.34, 0.48, 0.62):
        pen.line(0.1, height, 0.42, height + 0.08)
        pen.line(0.9, height, 0.58, height + 0.08)


def sun(pen: Pen) -> None:
    """The sun over two hills."""
    for turn in range(12):
        angle = turn * math.tau / 12
        pen.line(0.5, 0.36, 0.5 + 0.35 * math.cos(angle), 0.36 + 0.35 * math.sin(angle), colour=pen.second)
    pen.oval(0.3, 0.16, 0.7, 0.56, fill=pen.second)
    pen.slice(180, 360, 0.0, 0.64, 0.6, 1.34, fill=pen.accent)
    pen.slice(180, 360, 0.4, 0.7, 1.0, 1.26, fill=pen.accent)


def bicycle(pen: Pen) -> None:
    """A bicycle from the side."""
    pen.oval(0.0, 0.5, 0.42, 0.92)
    pen.oval(0.58, 0.5, 1.0, 0.92)
    pen.line(0.21, 0.71, 0.36, 0.36, 0.68, 0.36, 0.48, 0.71, 0.21, 0.71, colour=pen.accent)
    pen.line(0.36, 0.36, 0.48, 0.71, colour=pen.accent)
    pen.line(0.79, 0.71, 0.66, 0.22, 0.8, 0.18)
    pen.line(0.28, 0.28, 0.44, 0.28)


# topic -> drawings. What `object` shows is harmless or not by what somebody wants to do with it.
ICONS: dict[str, tuple[Callable[[Pen], None], ...]] = {
    "scam": (wheel,),
    "stunt": (leap,),
    "pii": (spy,),
    "insult": (sneer,),
    "object": (firecracker, card),
    "plain": (rice, flowers, cat, stall, cup, book, sun, bicycle),
}
BY_NAME = {icon.__name__: icon for icons in ICONS.values() for icon in icons}
TOPIC_OF = {icon.__name__: topic for topic, icons in ICONS.items() for icon in icons}
