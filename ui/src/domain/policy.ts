/**
 * What labels and categories mean, as the policy panel says it. Short reminders in our own words; a team's own rules go
 * before them.
 */
import { t, type MessageKey } from '$language';

const CATEGORIES = {
  Violent: 'policy.violent',
  'Non-violent Illegal Acts': 'policy.illegal',
  'Sexual Content or Sexual Acts': 'policy.sexual',
  PII: 'policy.pii',
  'Suicide & Self-Harm': 'policy.selfHarm',
  'Unethical Acts': 'policy.unethical',
  'Politically Sensitive Topics': 'policy.political',
  'Copyright Violation': 'policy.copyright',
  Jailbreak: 'policy.jailbreak',
} as const satisfies Record<string, MessageKey>;

/** The reminders for labels and categories as one text, for whoever is asked what they mean for an item. */
export function policyText(labels: readonly string[], categories: readonly string[]): string {
  const said = (names: readonly string[], meaning: (name: string) => string | null) =>
    names.flatMap((name) => {
      const words = meaning(name);
      return words === null ? [] : [`${name}: ${words}`];
    });
  return [...said(labels, labelMeaning), ...said(categories, categoryMeaning)].join('\n');
}

export function labelMeaning(label: string): string | null {
  const known = (['safe', 'controversial', 'unsafe'] as const).find((name) => name === label);
  return known === undefined ? null : t(`policy.label.${known}`);
}

export function categoryMeaning(category: string): string | null {
  const [, key] = Object.entries(CATEGORIES).find(([name]) => name === category) ?? [];
  return key === undefined ? null : t(key);
}
