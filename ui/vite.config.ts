import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [tailwindcss(), svelte(), svelteTesting()],
  resolve: {
    alias: {
      $language: here('./src/language/index.ts'),
      $lib: here('./src/lib'),
      $shared: here('./src/shared'),
      $domain: here('./src/domain'),
      $views: here('./src/views'),
    },
    // vitest would otherwise take svelte's server build, where nothing can be mounted
    ...(process.env.VITEST ? { conditions: ['browser', 'development'] } : {}),
  },
  clearScreen: false,
  server: { port: 5173, strictPort: true, host: '127.0.0.1' },
  build: {
    target: 'safari16',
    sourcemap: false,
    // the page may not fetch, and fonts may come from files only
    modulePreload: false,
    assetsInlineLimit: 0,
    // the page comes from the disk, in one piece
    chunkSizeWarningLimit: 1024,
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    // a busy machine is slow, not wrong
    testTimeout: 60_000,
  },
});
