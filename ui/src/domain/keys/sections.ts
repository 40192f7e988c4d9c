/** How all actions are laid out where they are listed: in the key sheet and in the settings. */
import { t } from '$language';
import { ACTION_IDS, ACTIONS, type ActionId, type ActionInfo } from './actions';

export interface KeySection {
  id: SectionId;
  actions: ActionId[];
}

const OF_IMAGES: ActionId[] = ['reveal', 'reveal-keep', 'picture-next', 'picture-previous'];

function isOfImages(id: ActionId, { scope }: ActionInfo): boolean {
  return scope === 'review' && (OF_IMAGES.includes(id) || id.startsWith('zoom-'));
}

function isOfAssistant(id: ActionId): boolean {
  return id === 'assistant' || id.startsWith('assist-');
}

type SectionId = 'label' | 'armed' | 'review' | 'images' | 'picture' | 'assistant' | 'window';

const SECTIONS: [id: SectionId, has: (id: ActionId, info: ActionInfo) => boolean][] = [
  ['label', (_, { scope }) => scope === 'label'],
  ['armed', (_, { scope }) => scope === 'armed'],
  ['review', (id, info) => info.scope === 'review' && !isOfImages(id, info) && !isOfAssistant(id)],
  ['images', isOfImages],
  ['picture', (_, { scope }) => scope === 'picture'],
  ['assistant', isOfAssistant],
  ['window', (_, { scope }) => scope === 'window'],
];

/** What a section is called. */
export function sectionTitle(id: SectionId): string {
  return t(`keys.${id}`);
}

/** Every action, once. */
export const KEY_SECTIONS: KeySection[] = SECTIONS.map(([id, has]) => ({
  id,
  actions: ACTION_IDS.filter((action) => has(action, ACTIONS[action])),
}));
