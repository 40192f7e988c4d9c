/** How all actions are laid out where they are listed: in the key sheet and in the settings. */
import { ACTION_IDS, ACTIONS, type ActionId, type ActionInfo } from './actions';

export interface KeySection {
  id: string;
  title: string;
  actions: ActionId[];
}

const OF_IMAGES: ActionId[] = ['reveal', 'reveal-keep', 'picture-next', 'picture-previous'];

function isOfImages(id: ActionId, { scope }: ActionInfo): boolean {
  return scope === 'review' && (OF_IMAGES.includes(id) || id.startsWith('zoom-'));
}

function isOfAssistant(id: ActionId): boolean {
  return id === 'assistant' || id.startsWith('assist-');
}

const SECTIONS: [id: string, title: string, has: (id: ActionId, info: ActionInfo) => boolean][] = [
  ['label', 'First step: the label', (_, { scope }) => scope === 'label'],
  ['armed', 'Second step, when the scheme asks for more', (_, { scope }) => scope === 'armed'],
  [
    'review',
    'Review',
    (id, info) => info.scope === 'review' && !isOfImages(id, info) && !isOfAssistant(id),
  ],
  ['images', 'Images', isOfImages],
  ['picture', 'While an image is enlarged', (_, { scope }) => scope === 'picture'],
  ['assistant', 'Assistant', isOfAssistant],
  ['window', 'Everywhere', (_, { scope }) => scope === 'window'],
];

/** Every action, once. */
export const KEY_SECTIONS: KeySection[] = SECTIONS.map(([id, title, has]) => ({
  id,
  title,
  actions: ACTION_IDS.filter((action) => has(action, ACTIONS[action])),
}));
