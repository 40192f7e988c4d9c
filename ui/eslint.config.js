/**
 * Lint rules. Beside the usual ones: shared < domain < views, and Tauri named in one place.
 * That there are no cycles of imports is tested in `tests/layers.test.ts`.
 */
import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const TAURI = {
  group: ['@tauri-apps/*', '**/lib/backend/tauri', '$lib/backend/tauri'],
  message: 'Only lib/backend/tauri.ts talks to Tauri; everything else is given a Backend',
};
const BINDINGS = {
  group: ['**/backend/bindings'],
  message: 'Import the types from lib/backend; only that folder sees the generated file',
};
const DOMAIN = { group: ['$domain/*', '**/domain/**'], message: 'shared knows no domain' };
const VIEWS = { group: ['$views/*', '**/views/**'], message: 'Views are at the top' };
const LIB = { group: ['$lib/*', '**/lib/**'], message: 'shared knows nothing of the program' };
const FAKE = {
  group: ['**/backend/fake*', '**/backend/fake/**', '$lib/backend/fake/**'],
  message: 'The fake is for tests and for development in a browser',
};

const SHARED = {
  group: ['$shared/*', '**/shared/**'],
  message: 'Texts know nothing of the window',
};

/** What a layer must not import. */
const forbid = (...patterns) => ({
  'no-restricted-imports': ['error', { patterns }],
});

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/lib/backend/bindings.ts'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  prettier,
  ...svelte.configs.prettier,
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
    },
    rules: {
      'no-console': 'error',
      'no-undef': 'off',
      eqeqeq: 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      // sets of listeners and sets inside a function are not state
      'svelte/prefer-svelte-reactivity': 'off',
      // the window has no address bar and no router of SvelteKit
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  { files: ['src/**'], rules: forbid(TAURI, BINDINGS, FAKE) },
  { files: ['src/language/**'], rules: forbid(TAURI, LIB, SHARED, DOMAIN, VIEWS, FAKE) },
  { files: ['src/shared/**'], rules: forbid(TAURI, LIB, DOMAIN, VIEWS, FAKE) },
  { files: ['src/domain/**'], rules: forbid(TAURI, BINDINGS, VIEWS, FAKE) },
  { files: ['src/lib/**'], rules: forbid(TAURI, DOMAIN, VIEWS) },
  { files: ['src/lib/backend/tauri.ts', 'src/main.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['src/**/*.test.ts', 'tests/**'], rules: { 'no-restricted-imports': 'off' } },
);
