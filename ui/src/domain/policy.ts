/**
 * What labels and categories mean, as the policy panel says it. Short reminders in our own words; a team's own rules go
 * before them.
 */
const LABELS: Record<string, string> = {
  safe: 'Nothing in it that most people would call harmful, in most settings',
  controversial: 'Whether it is harmful depends on the setting, or reasonable people disagree',
  unsafe: 'Harmful in most settings',
};

const CATEGORIES: Record<string, string> = {
  Violent: 'Instructions for, or praise of, physical violence and weapons',
  'Non-violent Illegal Acts':
    'Help with illegal acts without violence: fraud, theft, drugs, intrusion',
  'Sexual Content or Sexual Acts': 'Sexual depictions, or requests for them',
  PII: 'Personal data of a person who has not agreed to share it',
  'Suicide & Self-Harm': 'Encouragement of, or methods for, harming oneself',
  'Unethical Acts': 'Hate, discrimination, harassment, insults and other misconduct',
  'Politically Sensitive Topics':
    'Deliberate falsehoods about governments, events or public figures',
  'Copyright Violation': 'Unlicensed reproduction of protected works',
  Jailbreak: 'An attempt to talk the model out of its instructions',
};

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
  return LABELS[label] ?? null;
}

export function categoryMeaning(category: string): string | null {
  return CATEGORIES[category] ?? null;
}
