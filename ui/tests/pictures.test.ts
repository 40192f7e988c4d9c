import { describe, expect, it } from 'vitest';
import { PicturesController } from '../src/domain/review';
import {
  blurFor,
  boxRatio,
  fitted,
  fitScale,
  inSight,
  overflows,
  scaledAt,
  type Placement,
} from '../src/domain/review/zoom';
import { readBook, type ImageCover } from '../src/domain/preferences';
import { PICTURE_SAMPLES } from '../src/lib/backend/fake';
import { openDesk } from './review-desk';

const PICTURE = { width: 1200, height: 800 };
const BOX = { width: 600, height: 600 };

/** Where a point of the picture, in its own pixels from its centre, lies in the box. */
const seen = ({ scale, x, y }: Placement, at: { x: number; y: number }) => ({
  x: at.x * scale + x,
  y: at.y * scale + y,
});

describe('a picture in its box', () => {
  it('is fitted whole, and small ones are enlarged only so far', () => {
    expect(fitted(PICTURE, BOX)).toEqual({ scale: 0.5, x: 0, y: 0 });
    expect(fitScale({ width: 2, height: 2 }, BOX), 'two pixels are no wall of colour').toBe(8);
    expect(fitScale({ width: 0, height: 0 }, BOX), 'not known').toBe(1);
    expect(fitScale(PICTURE, { width: 0, height: 0 }), 'not laid out yet').toBe(1);
  });

  it('keeps the point under the pointer while it is enlarged', () => {
    const at = { x: 120, y: -40 };
    const before = fitted(PICTURE, BOX);
    const own = { x: (at.x - before.x) / before.scale, y: (at.y - before.y) / before.scale };
    const after = scaledAt(before, PICTURE, BOX, at, 2);
    expect(after.scale).toBe(2);
    expect(seen(after, own).x).toBeCloseTo(at.x);
    expect(seen(after, own).y).toBeCloseTo(at.y);
  });

  it('is never moved out of sight, and lies in the middle where it has room', () => {
    expect(inSight({ scale: 1, x: 9999, y: -9999 }, PICTURE, BOX)).toEqual({
      scale: 1,
      x: (1200 - 600) / 2,
      y: -(800 - 600) / 2,
    });
    expect(inSight({ scale: 0.5, x: 50, y: 50 }, PICTURE, BOX)).toEqual({ scale: 0.5, x: 0, y: 0 });
    expect(overflows({ scale: 0.5, x: 0, y: 0 }, PICTURE, BOX)).toBe(false);
    expect(overflows({ scale: 0.7, x: 0, y: 0 }, PICTURE, BOX)).toBe(true);
  });

  it('has limits in both directions', () => {
    const start = fitted(PICTURE, BOX);
    expect(scaledAt(start, PICTURE, BOX, { x: 0, y: 0 }, 0.001).scale).toBe(0.5);
    expect(scaledAt(start, PICTURE, BOX, { x: 0, y: 0 }, 1000).scale).toBe(8);
  });

  it('has one box for all pictures of an item, whatever is known of them', () => {
    expect(boxRatio([PICTURE, { width: 480, height: 480 }])).toBe(1);
    expect(boxRatio([{ width: 20_000, height: 10 }]), 'no slit').toBe(0.3);
    expect(boxRatio([{ width: 10, height: 20_000 }]), 'no tower').toBe(1);
    expect(boxRatio([{ width: 0, height: 0 }])).toBe(0.3);
  });

  it('is blurred by its size, so that no lettering survives, and its rim lies out of the frame', () => {
    const large = blurFor({ width: 600, height: 400 });
    expect(large.radiusPx).toBeGreaterThan(400 * 0.08);
    expect((large.scale - 1) * 400, 'the soft rim on both sides').toBeGreaterThan(
      large.radiusPx * 2,
    );
    expect(blurFor({ width: 64, height: 64 }).radiusPx).toBeGreaterThanOrEqual(5);
    expect(blurFor({ width: 0, height: 0 }).scale, 'a picture of no size').toBeLessThanOrEqual(1.6);
  });
});

describe('PicturesController', () => {
  /** The second item has four pictures. */
  async function desk(cover: ImageCover = 'blur') {
    const { review } = await openDesk({ samples: PICTURE_SAMPLES, size: PICTURE_SAMPLES.length });
    const pictures = new PicturesController(
      () => review.item,
      () => cover,
    );
    pictures.box = BOX;
    return { pictures, review };
  }

  it('covers the next item and the next picture again, even while the key is still held', async () => {
    const { pictures, review } = await desk();
    expect(pictures.blurred).toBe(true);
    pictures.hold();
    expect(pictures.blurred).toBe(false);
    await review.next();
    expect(pictures.blurred, 'the next item was not asked for').toBe(true);
    pictures.toggle();
    expect(pictures.blurred).toBe(false);
    pictures.step(1);
    expect([pictures.index, pictures.blurred]).toEqual([1, true]);
    pictures.step(-1);
    expect([pictures.index, pictures.blurred], 'nor is it remembered').toEqual([0, true]);
  });

  it('goes around its pictures, and begins at the first one of the next item', async () => {
    const { pictures, review } = await desk();
    await review.next();
    pictures.step(-1);
    expect(pictures.index).toBe(3);
    pictures.step(1);
    expect(pictures.index).toBe(0);
    pictures.go(2);
    await review.next();
    expect(pictures.index).toBe(0);
    pictures.leave();
    await review.previous();
    expect(pictures.index).toBe(0);
  });

  it('enlarges only what can be seen', async () => {
    const { pictures } = await desk();
    expect(pictures.zoomBy(2), 'covered').toBe(false);
    pictures.toggle();
    expect(pictures.zoomBy(2)).toBe(true);
    expect([pictures.placement.scale, pictures.canPan]).toEqual([1, true]);
    pictures.panBy(10_000, 0);
    expect(pictures.placement.x, 'as far as there is picture').toBe((1200 - 600) / 2);
    pictures.fit();
    expect([pictures.placement, pictures.canPan]).toEqual([{ scale: 0.5, x: 0, y: 0 }, false]);
  });

  it('goes to actual size and back, and lets a wheel pass that has nothing to do', async () => {
    const { pictures } = await desk('plain');
    pictures.toggleSize({ x: 100, y: 0 });
    expect([pictures.placement.scale, pictures.isFitted]).toEqual([1, false]);
    pictures.toggleSize();
    expect(pictures.isFitted).toBe(true);
    expect(pictures.zoomByWheel(120, { x: 0, y: 0 }), 'as small as it gets: the page scrolls').toBe(
      false,
    );
    expect(pictures.zoomByWheel(-120, { x: 0, y: 0 })).toBe(true);
  });

  it('covers as the reviewer chose', async () => {
    const grey = (await desk('grey')).pictures;
    expect([grey.blurred, grey.grey, grey.covers]).toEqual([false, true, true]);
    grey.toggle();
    expect(grey.grey).toBe(false);
    const both = (await desk('blur-grey')).pictures;
    expect(both.filter(9)).toBe('blur(9px) grayscale(1)');
    const plain = (await desk('plain')).pictures;
    expect([plain.open, plain.covers, plain.filter(9)]).toEqual([true, false, undefined]);
  });

  it('has nothing to enlarge where an image cannot be read', async () => {
    const { pictures, review } = await desk('plain');
    await review.openItem('q-5');
    expect(pictures.current?.problem).toContain('gone');
    expect(pictures.canZoom).toBe(false);
  });
});

describe('the cover of images', () => {
  it('is a blur unless the reviewer chose another one', () => {
    expect(readBook('').latest.imageCover).toBe('blur');
    expect(readBook('{"imageCover":"plain"}').latest.imageCover).toBe('plain');
    expect(readBook('{"imageCover":"none"}').latest.imageCover, 'unknown: the safe one').toBe(
      'blur',
    );
  });
});
