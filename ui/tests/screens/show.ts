/** Renders one screen inside a window on the fake. */
import { render, type RenderResult } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { FakeBackend, type FakeOptions } from '$lib/backend/fake';
import { WindowController, type Place } from '$domain/window.svelte';
import Stage from './Stage.svelte';

export interface Shown {
  backend: FakeBackend;
  shell: WindowController;
  view: RenderResult<typeof Stage>;
}

export async function show(
  screen: Component,
  place: Place,
  { queueId, ...options }: FakeOptions & { queueId?: string } = {},
  backend = new FakeBackend(options),
): Promise<Shown> {
  const shell = new WindowController(backend);
  await shell.open();
  shell.go(place, queueId === undefined ? {} : { queueId });
  const view = render(Stage, { shell, screen });
  return { backend, shell, view };
}

/** What the window asked of the program, by command. */
export function asked(backend: FakeBackend, method: string): unknown[][] {
  return backend.calls.filter((call) => call.method === method).map((call) => call.args);
}
