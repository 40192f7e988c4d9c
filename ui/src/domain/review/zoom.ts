/**
 * Where a picture lies in its box: fitted, or at a scale around a point, never out of sight.
 *
 * Pure geometry in CSS pixels. A box has its origin in its centre, x to the right and y down, so that a picture that is
 * fitted lies at (0, 0). Neighbour: `pictures.svelte.ts`.
 */
export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** `scale`: CSS pixels for each pixel of the picture; x, y: the centre of the picture in the box. */
export interface Placement extends Point {
  scale: number;
}

/** A picture of a few pixels is not blown up to a wall of them. */
const FIT_SCALE_MAX = 8;
const SCALE_MAX = 8;
/** How far beyond its fitted size a picture can be enlarged at least. */
const ENLARGED_AT_LEAST = 4;
/** Boxes are neither a slit nor a tower, whatever the pictures are. */
const BOX_RATIO_MIN = 0.3;
const BOX_RATIO_MAX = 1;

/** Height of the box by its width: the tallest of the item's pictures decides, so that going through them moves nothing. */
export function boxRatio(pictures: readonly Size[]): number {
  const ratios = pictures.map(({ width, height }) => (width > 0 ? height / width : 0));
  return Math.min(BOX_RATIO_MAX, Math.max(BOX_RATIO_MIN, ...ratios));
}

/** The largest scale at which the whole picture is in sight. */
export function fitScale(picture: Size, box: Size): number {
  if (picture.width <= 0 || picture.height <= 0) return 1;
  const scale = Math.min(box.width / picture.width, box.height / picture.height, FIT_SCALE_MAX);
  return scale > 0 ? scale : 1;
}

export function fitted(picture: Size, box: Size): Placement {
  return { scale: fitScale(picture, box), x: 0, y: 0 };
}

/** The same scale, moved so far that no more ground shows than must. */
export function inSight(placement: Placement, picture: Size, box: Size): Placement {
  const { scale } = placement;
  const slack = (length: number, room: number) => Math.max(0, (length * scale - room) / 2);
  const within = (value: number, most: number) => Math.min(most, Math.max(-most, value)) + 0;
  return {
    scale,
    x: within(placement.x, slack(picture.width, box.width)),
    y: within(placement.y, slack(picture.height, box.height)),
  };
}

/** At `scale`, within its limits; the point of the picture that is `at` stays there where it can. */
export function scaledAt(
  placement: Placement,
  picture: Size,
  box: Size,
  at: Point,
  scale: number,
): Placement {
  const fit = fitScale(picture, box);
  const least = Math.min(fit, 1);
  const most = Math.max(SCALE_MAX, fit * ENLARGED_AT_LEAST);
  const wanted = Math.min(most, Math.max(least, scale));
  const grown = wanted / placement.scale;
  const moved = {
    scale: wanted,
    x: at.x - (at.x - placement.x) * grown,
    y: at.y - (at.y - placement.y) * grown,
  };
  return inSight(moved, picture, box);
}

/** Whether some of the picture is outside of the box. */
export function overflows({ scale }: Placement, picture: Size, box: Size): boolean {
  // half a pixel is rounding
  return picture.width * scale > box.width + 0.5 || picture.height * scale > box.height + 0.5;
}

/** A share of the picture's size that no lettering in it survives, even where a word fills a quarter of the height. */
const BLUR_SHARE = 0.085;
const BLUR_PX_MIN = 5;

/**
 * How a picture of a size on screen is blurred: standard deviation of the blur in pixels, and the scale that moves its
 * soft rim out of the frame, which clips it.
 */
export function blurFor(shown: Size): { radiusPx: number; scale: number } {
  const size = Math.sqrt(Math.max(1, shown.width) * Math.max(1, shown.height));
  const radiusPx = Math.max(BLUR_PX_MIN, size * BLUR_SHARE);
  const shorter = Math.max(1, Math.min(shown.width, shown.height));
  return { radiusPx, scale: Math.min(1.6, 1 + (3 * radiusPx) / shorter) };
}
