/**
 * The pictures of the item on screen: which one is in the box, whether it is covered, and how it is enlarged.
 *
 * What a reviewer reveals counts for one picture of one item: it is remembered with both, so that neither the next item
 * nor the next picture is ever in view before it was asked for, not even while V is still held. Neighbours: `zoom.ts`
 * places the picture, `views/review/pictures` draws it.
 */
import type { ImageView, ItemView } from '../../lib/backend';
import type { ImageCover } from '../preferences';
import type { Handlers } from '../keys';
import {
  boxRatio,
  fitScale,
  fitted,
  inSight,
  overflows,
  scaledAt,
  type Placement,
  type Point,
  type Size,
} from './zoom';

const KEY_FACTOR = 1.25;
/** Share of the box that an arrow key moves the picture by. */
const KEY_PAN_SHARE = 0.15;
/** Of a wheel's step in pixels. */
const WHEEL_EXPONENT = 0.0016;
const WHEEL_STEP_MAX = 120;
const CENTRE: Point = { x: 0, y: 0 };

export class PicturesController {
  /** The box in CSS pixels, as it was laid out. */
  box = $state.raw<Size>({ width: 0, height: 0 });
  #chosen = $state.raw<{ itemId: string; index: number } | null>(null);
  /** The picture that was revealed by a click or a key press. */
  #revealed = $state<string | null>(null);
  /** The picture that is revealed for as long as a key is held. */
  #held = $state<string | null>(null);
  /** None: fitted. */
  #enlarged = $state.raw<{ key: string; placement: Placement } | null>(null);

  constructor(
    private readonly item: () => ItemView | null,
    private readonly cover: () => ImageCover,
  ) {}

  readonly all = $derived.by<readonly ImageView[]>(() => this.item()?.images ?? []);
  readonly index = $derived.by(() => {
    const chosen = this.#chosen;
    const index = chosen !== null && chosen.itemId === this.item()?.id ? chosen.index : 0;
    return Math.min(index, Math.max(0, this.all.length - 1));
  });
  readonly current = $derived<ImageView | null>(this.all[this.index] ?? null);
  /** The picture by item and place: the same file may be there twice. */
  readonly key = $derived.by(() => `${this.item()?.id} ${this.index} ${this.current?.sha256}`);
  readonly ratio = $derived(boxRatio(this.all.map(sizeOf)));
  /** In its own pixels. */
  readonly size = $derived(sizeOf(this.current));

  /** Nothing lies over it. */
  readonly open = $derived.by(
    () => this.cover() === 'plain' || this.#revealed === this.key || this.#held === this.key,
  );
  readonly blurred = $derived.by(() => !this.open && blurs(this.cover()));
  readonly grey = $derived.by(() => !this.open && greys(this.cover()));
  /** Whether what is covered is blurred. */
  readonly coverBlurs = $derived.by(() => blurs(this.cover()));
  /** Whether there is anything to lift. */
  readonly covers = $derived.by(() => this.cover() !== 'plain');

  readonly placement = $derived.by<Placement>(() =>
    this.#enlarged?.key === this.key
      ? inSight(this.#enlarged.placement, this.size, this.box)
      : fitted(this.size, this.box),
  );
  readonly isFitted = $derived(this.#enlarged?.key !== this.key);
  readonly canPan = $derived.by(
    () => !this.blurred && !this.isFitted && overflows(this.placement, this.size, this.box),
  );
  /** What is blurred is not enlarged. */
  readonly canZoom = $derived.by(
    () => this.size.width > 0 && this.current?.problem === null && !this.blurred,
  );

  /** The CSS filter of what is covered. */
  filter(radiusPx: number): string | undefined {
    const cover = this.cover();
    const parts = [blurs(cover) ? `blur(${radiusPx}px)` : '', greys(cover) ? 'grayscale(1)' : ''];
    return parts.join(' ').trim() || undefined;
  }

  go(index: number): void {
    const item = this.item();
    if (item === null || this.all[index] === undefined || index === this.index) return;
    this.coverAgain();
    this.#chosen = { itemId: item.id, index };
  }

  /** Around from the last to the first. */
  step(by: 1 | -1): void {
    this.go((this.index + by + this.all.length) % Math.max(1, this.all.length));
  }

  hold(): void {
    this.#held = this.key;
  }
  letGo(): void {
    this.#held = null;
  }
  /** Reveals it until it is asked again, or another picture or item is shown. */
  toggle(): void {
    this.#revealed = this.#revealed === this.key ? null : this.key;
  }

  /** As every picture begins: covered and fitted. */
  coverAgain(): void {
    this.#revealed = null;
    this.#held = null;
    this.#enlarged = null;
  }

  /** The item has gone: the next one, and this one when it comes back, begins with its first picture. */
  leave(): void {
    this.coverAgain();
    this.#chosen = null;
  }

  /** By a factor around a point of the box. Returns whether anything changed. */
  zoomBy(factor: number, at: Point = CENTRE): boolean {
    return this.#scaleTo(this.placement.scale * factor, at);
  }

  zoomByWheel(deltaY: number, at: Point): boolean {
    const step = Math.min(WHEEL_STEP_MAX, Math.max(-WHEEL_STEP_MAX, deltaY));
    return this.zoomBy(Math.exp(-step * WHEEL_EXPONENT), at);
  }

  /** From fitted to one pixel for each of the picture's, and back. */
  toggleSize(at: Point = CENTRE): void {
    if (this.isFitted) this.#scaleTo(1, at);
    else this.fit();
  }

  fit(): void {
    this.#enlarged = null;
  }

  panBy(x: number, y: number): void {
    if (this.isFitted) return;
    const { placement } = this;
    const moved = { ...placement, x: placement.x + x, y: placement.y + y };
    this.#enlarged = { key: this.key, placement: inSight(moved, this.size, this.box) };
  }

  #scaleTo(scale: number, at: Point): boolean {
    const { placement, size } = this;
    if (!this.canZoom) return false;
    const placed = scaledAt(placement, size, this.box, at, scale);
    if (Math.abs(placed.scale / placement.scale - 1) < 1e-6) return false;
    const fit = Math.abs(placed.scale / fitScale(size, this.box) - 1) < 1e-3;
    this.#enlarged = fit ? null : { key: this.key, placement: placed };
    return true;
  }
}

/** Of an image that cannot be read it is not known: 0. */
function sizeOf(image: ImageView | null): Size {
  return { width: image?.width ?? 0, height: image?.height ?? 0 };
}

function blurs(cover: ImageCover): boolean {
  return cover === 'blur' || cover === 'blur-grey';
}

function greys(cover: ImageCover): boolean {
  return cover === 'grey' || cover === 'blur-grey';
}

/** What can be done with pictures, when, and how. */
export function pictureActions(pictures: PicturesController): Handlers {
  const several = () => pictures.all.length > 1;
  const zooms = () => pictures.canZoom;
  const pan = (x: number, y: number) => ({
    run: () => {
      const { width, height } = pictures.box;
      pictures.panBy(x * width * KEY_PAN_SHARE, y * height * KEY_PAN_SHARE);
    },
    enabled: () => pictures.canPan,
  });
  return {
    'picture-next': { run: () => pictures.step(1), enabled: several },
    'picture-previous': { run: () => pictures.step(-1), enabled: several },
    'zoom-in': { run: () => void pictures.zoomBy(KEY_FACTOR), enabled: zooms },
    'zoom-out': { run: () => void pictures.zoomBy(1 / KEY_FACTOR), enabled: zooms },
    'zoom-actual': { run: () => pictures.toggleSize(), enabled: zooms },
    'zoom-fit': { run: () => pictures.fit(), enabled: () => !pictures.isFitted },
    'pan-left': pan(1, 0),
    'pan-right': pan(-1, 0),
    'pan-up': pan(0, 1),
    'pan-down': pan(0, -1),
  };
}
