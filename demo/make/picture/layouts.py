"""Where things stand on a picture. Training layouts and held-out ones share no arrangement.

A layout gives boxes as shares of the picture's width and height: (left, top, right, bottom).
"""

from dataclasses import dataclass

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Layout:
    name: str
    icon: Box | None = None
    sign: Box | None = None
    caption: Box | None = None
    backing: str = "none"  # what is drawn behind the sign, or around everything

    def suits(self, has_icon: bool, has_sign: bool) -> bool:
        return (self.icon is not None) == has_icon and (self.sign is not None) == has_sign


TRAIN_LAYOUTS = (
    Layout("sign below", (0.2, 0.03, 0.8, 0.52), (0.02, 0.54, 0.98, 0.84), (0.05, 0.85, 0.95, 0.99)),
    Layout("sign above", (0.2, 0.42, 0.8, 0.98), (0.02, 0.02, 0.98, 0.38), backing="band"),
    Layout("sign right", (0.02, 0.12, 0.38, 0.88), (0.4, 0.08, 0.99, 0.72), (0.4, 0.78, 0.99, 0.96)),
    Layout("card", (0.36, 0.0, 0.64, 0.36), (0.04, 0.4, 0.96, 0.94), backing="card"),
    Layout("icon alone", (0.08, 0.06, 0.92, 0.94)),
    Layout("icon and caption", (0.15, 0.03, 0.85, 0.76), None, (0.03, 0.8, 0.97, 0.97)),
    Layout("sign alone", None, (0.03, 0.06, 0.97, 0.68), (0.05, 0.76, 0.95, 0.95)),
    Layout("sign on a card", None, (0.05, 0.15, 0.95, 0.85), backing="card"),
)
HELDOUT_LAYOUTS = (
    Layout("sign left", (0.62, 0.12, 0.98, 0.88), (0.01, 0.2, 0.6, 0.78), (0.01, 0.02, 0.6, 0.18)),
    Layout("ribbon", (0.04, 0.46, 0.5, 0.98), (0.02, 0.08, 0.98, 0.42), (0.52, 0.62, 0.98, 0.82), "ribbon"),
    Layout("bubble", (0.54, 0.5, 0.98, 0.98), (0.04, 0.05, 0.96, 0.44), backing="bubble"),
    Layout("framed icon", (0.3, 0.28, 0.95, 0.93), None, (0.06, 0.08, 0.75, 0.26), "frame"),
    Layout("framed sign", None, (0.06, 0.34, 0.94, 0.92), (0.08, 0.08, 0.92, 0.26), "frame"),
)
