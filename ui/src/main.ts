/**
 * Mounts the window on the real program, or, in development in a browser, on the in-memory fake. Until the preferences are
 * known it speaks the language of the system.
 */
import { mount } from 'svelte';
import { speak, systemLanguage } from '$language';
import App from './App.svelte';
import type { Backend } from './lib/backend';
import './styles/app.css';

async function chooseBackend(): Promise<Backend> {
  if (import.meta.env.DEV && !('__TAURI_INTERNALS__' in window)) {
    const { fakeFromAddress } = await import('./lib/backend/fake/from-address');
    return fakeFromAddress(window.location.search);
  }
  return (await import('./lib/backend/tauri')).tauriBackend;
}

speak(systemLanguage());
const target = document.getElementById('app');
if (target) void chooseBackend().then((backend) => mount(App, { target, props: { backend } }));
