import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const ENDINGS = ['', '.ts', '/index.ts'];
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g;
/** Types are gone when the program runs. */
const TYPES_ONLY = /^(?:import|export)\s+type\b[^;]*;$/gm;

/** The file that an import leads to, null outside of `src`. */
function resolve(from: string, wanted: string): string | null {
  const path = wanted.startsWith('$')
    ? `src/${wanted.slice(1)}`
    : wanted.startsWith('.')
      ? normalize(join(dirname(from), wanted))
      : null;
  if (path === null) return null;
  return (
    ENDINGS.map((ending) => path + ending).find(
      (file) => /\.(ts|svelte)$/.test(file) && existsSync(file),
    ) ?? null
  );
}

/** Who imports whom. */
function importGraph(withTypes: boolean): Map<string, string[]> {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|svelte)$/.test(file) && !file.endsWith('.d.ts'))
    .map((file) => join('src', file));
  return new Map(
    files.map((file) => {
      const text = readFileSync(file, 'utf8');
      const read = withTypes ? text : text.replaceAll(TYPES_ONLY, '');
      const found = [...read.matchAll(IMPORT)].map((match) => resolve(file, match[1] ?? ''));
      return [file, found.filter((path) => path !== null)];
    }),
  );
}

/** The first cycle that is found, as the files on it. */
function cycle(graph: Map<string, string[]>): string[] | null {
  const done = new Set<string>();
  const walk = (file: string, path: string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of graph.get(file) ?? []) {
      const found = walk(next, [...path, file]);
      if (found !== null) return found;
    }
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const found = walk(file, []);
    if (found !== null) return found;
  }
  return null;
}

describe('the source', () => {
  const graph = importGraph(false);

  it('is read whole by this test', () => {
    expect(graph.get('src/main.ts'), 'imports are found').toContain('src/App.svelte');
    expect(graph.get('src/domain/keys/keymap.svelte.ts')).toContain('src/domain/keys/actions.ts');
  });

  it('finds a cycle where there is one', () => {
    expect(
      cycle(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c', 'b']);
  });

  it('has no cycles of imports', () => {
    expect(cycle(graph)).toBeNull();
  });

  it('knows its layers: language < shared < domain < views', () => {
    const layer = (file: string) =>
      ['language', 'shared', 'domain', 'views'].indexOf(file.split('/')[1] ?? '');
    const upward = [...importGraph(true)].flatMap(([from, imports]) =>
      imports
        .filter((to) => layer(from) >= 0 && layer(to) > layer(from))
        .map((to) => `${from} -> ${to}`),
    );
    expect(upward).toEqual([]);
  });

  it('names Tauri in one file, beside the generated one', () => {
    const naming = [...graph.keys()].filter((file) =>
      /@tauri-apps\//.test(readFileSync(file, 'utf8')),
    );
    expect(naming.sort()).toEqual(['src/lib/backend/bindings.ts', 'src/lib/backend/tauri.ts']);
  });
});
