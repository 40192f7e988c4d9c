import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'svelte/compiler';
import ts from 'typescript';
import { afterEach, describe, expect, it } from 'vitest';
import { around, speak, systemLanguage, t } from '$language';
import {
  ago,
  both,
  bytes,
  clock,
  count,
  duration,
  either,
  exact,
  probability,
} from '$domain/format';
import { languageName, rate } from '$domain/format';
import { actionName, ACTION_IDS, printed } from '$domain/keys';
import { en } from '../src/language/en';
import { id } from '../src/language/id';

const ENGLISH: Record<string, string> = en;
const INDONESIAN: Record<string, string> = id;

afterEach(() => speak('en'));

/** The sources that are drawn or that make texts; without the texts themselves and without the fake. */
const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(
    (file) => /\.(ts|svelte)$/.test(file) && !/^language\/|\/fake\/|bindings|\.d\.ts/.test(file),
  )
  .map((file) => join('src', file));

interface Node {
  type?: string;
  [key: string]: unknown;
}

/** Every node of a syntax tree, with those that it lies in. */
function walk(node: unknown, visit: (node: Node, above: Node[]) => void, above: Node[] = []): void {
  if (Array.isArray(node)) for (const one of node) walk(one, visit, above);
  else if (typeof node === 'object' && node !== null) {
    const here = node as Node;
    if (here.type !== undefined) visit(here, above);
    for (const [key, value] of Object.entries(here))
      if (key !== 'parent' && key !== 'css') walk(value, visit, [...above, here]);
  }
}

/** Attributes that are read by people. */
const READ = /^(aria-label|title|placeholder|label|text|hint|legend|alt|lead|name)$/;
const HAS_WORD = /\p{L}{2,}/u;
/** A sentence or a name in the middle of code: a capital, and more than one word. */
const SENTENCE = /^\p{Lu}\p{Ll}+('\p{Ll}+)?,? \p{L}/u;
/** Names that are the same in every language. */
const NAMES = ['AUPRC'];

/** What a component says without asking the texts. */
function bareWords(file: string): string[] {
  const found: string[] = [];
  const tree = parse(readFileSync(file, 'utf8'), { modern: true });
  walk(tree, (node, above) => {
    const holder = above.at(-1);
    if (node.type === 'Text' && HAS_WORD.test(String(node.data))) {
      const text = String(node.data).trim();
      const isRead = holder?.type !== 'Attribute' || READ.test(String(holder.name));
      if (isRead && holder?.type !== 'StyleDirective' && !NAMES.includes(text)) found.push(text);
    }
    if (node.type === 'Literal' && SENTENCE.test(String(node.value)))
      found.push(String(node.value));
    if (node.type === 'TemplateElement') {
      const text = (node.value as { raw: string }).raw;
      if (SENTENCE.test(text)) found.push(text);
    }
  });
  return found.map((words) => `${file}: ${words}`);
}

/** What a module says without asking the texts; thrown errors are for those who mend the program. */
function bareSentences(file: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.ES2022,
    true,
  );
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isThrowStatement(node)) return;
    const text =
      ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node)
        ? node.text
        : '';
    const isName =
      ts.isPropertyAssignment(node.parent ?? node) && node.parent.getChildAt(0) === node;
    if (SENTENCE.test(text) && !isName) found.push(`${file}: ${text}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Keys as they are asked for: plain, or with a part that is filled in. */
function askedFor(): { plain: Set<string>; patterns: RegExp[] } {
  const plain = new Set<string>();
  const patterns: RegExp[] = [];
  for (const file of SOURCES) {
    const source = readFileSync(file, 'utf8');
    for (const [, key = ''] of source.matchAll(/['`]([a-z][\w.-]*\.[\w.-]+)['`]/g)) plain.add(key);
    for (const [, key = ''] of source.matchAll(/`([a-z][a-z-]*\.[^`\s]*\$\{[^`]*)`/gi))
      patterns.push(
        new RegExp(`^${key.replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '[\\w-]+')}$`),
      );
  }
  return { plain, patterns };
}

describe('the texts', () => {
  it('have the same gaps in every language', () => {
    const gaps = (text: string) => [...text.matchAll(/\{\{[^}]*\}\}/g)].map(String).sort();
    const differing = Object.entries(INDONESIAN).filter(
      ([key, text]) => gaps(text).join() !== gaps(ENGLISH[key] ?? '').join(),
    );
    expect(differing, 'what is put in must come out').toEqual([]);
  });

  it('are there in Indonesian for every English one that is not a singular', () => {
    const wanted = Object.keys(ENGLISH).filter((key) => !key.endsWith('_one'));
    expect(Object.keys(INDONESIAN).sort()).toEqual(wanted.sort());
  });

  it('are all asked for by somebody', () => {
    const { plain, patterns } = askedFor();
    const idle = Object.keys(ENGLISH)
      .map((key) => key.replace(/_(one|other)$/, ''))
      .filter((key) => !plain.has(key) && !patterns.some((pattern) => pattern.test(key)));
    expect(idle, 'a text that nobody shows is one more to translate').toEqual([]);
  });

  it('are what every component and module speaks through', () => {
    const bare = SOURCES.flatMap((file) =>
      file.endsWith('.svelte') ? bareWords(file) : bareSentences(file),
    );
    expect(bare, 'words that no other language can have').toEqual([]);
  });

  it('are checked: a key that is not there does not compile', () => {
    // @ts-expect-error there is no such text
    expect(t('review.nonsense')).toBe('review.nonsense');
    // @ts-expect-error its number is missing
    expect(t('palette.pending')).toContain('pending');
  });

  it('do not read what is put into them', () => {
    expect(t('import.cannot', { reason: '$t(words.close) {{reason}} <b>' })).toBe(
      'Cannot be imported: $t(words.close) {{reason}} <b>',
    );
  });
});

describe('the window', () => {
  it('writes numbers and times as the language does', () => {
    speak('id');
    expect(count(1204)).toBe('1.204');
    expect(t('count.items', { count: 1 })).toBe('1 item');
    expect(probability(0.9312)).toBe('0,93');
    expect(probability(0.9999)).toBe('>0,99');
    expect(exact(0.1)).toBe('0,1');
    expect(bytes(8_042_217_472)).toBe('7,49 GiB');
    expect(duration(200)).toBe('3 mnt 20 dtk');
    expect(rate(12.44, t('unit.items'))).toBe('12,4 item/dtk');
    expect(ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:03:00Z'))).toBe('3 mnt lalu');
    expect(clock('2026-01-01T12:03:21')).toBe('12.03.21');
    expect(languageName('my')).toBe('Burma');
  });

  it('counts in English with a singular', () => {
    expect([1, 2, 1204].map((n) => t('count.items', { count: n }))).toEqual([
      '1 item',
      '2 items',
      '1,204 items',
    ]);
    expect(exact(0.1 + 0.2)).toBe('0.30000000000000004');
  });

  it('names several things as people do', () => {
    expect([either(['int8']), either(['bf16', 'int8', '4-bit'])]).toEqual([
      'int8',
      'bf16, int8 or 4-bit',
    ]);
    speak('id');
    expect(both(['“Lewati”', '“Tandai”'])).toBe('“Lewati” dan “Tandai”');
  });

  it('has a name for every action and for the key that has a word', () => {
    for (const language of ['en', 'id'] as const) {
      speak(language);
      for (const action of ACTION_IDS) expect(actionName(action)).not.toContain('action.');
    }
    expect(actionName('label-3')).toBe('Label 3');
    expect(printed('Ctrl+Space')).toBe('Ctrl Spasi');
  });

  it('takes the first language of the system that it knows', () => {
    expect(systemLanguage(['id-ID', 'en'])).toBe('id');
    expect(systemLanguage(['in'])).toBe('id');
    expect(systemLanguage(['th', 'ms'])).toBe('en');
    expect(systemLanguage([])).toBe('en');
  });

  it('puts what is no text between the two sides of a message', () => {
    expect(around((key) => t('picture.holdHint', { key }))).toEqual([
      'Hold ',
      ' or click to see it',
    ]);
  });
});
