/**
 * The real `Backend`: the generated commands, the system's dialogs, dropped files and the image protocol.
 *
 * The only file, beside the generated one, that names Tauri.
 */
import { Channel, convertFileSrc } from '@tauri-apps/api/core';
import { getCurrentWebview } from '@tauri-apps/api/webview';
import { open, save } from '@tauri-apps/plugin-dialog';
import { BackendError, type Backend, type FileFilter } from './backend';
import { commands, type Failure } from './bindings';

type Answer<T> = { status: 'ok'; data: T } | { status: 'error'; error: Failure };

/** Unpacks an answer; a failure is thrown. */
async function ask<T>(answer: Promise<Answer<T>>): Promise<T> {
  const settled = await answer;
  if (settled.status === 'error') throw new BackendError(settled.error);
  return settled.data;
}

/** The same for commands that only say that they are done. */
async function told(answer: Promise<Answer<null>>): Promise<void> {
  await ask(answer);
}

function channel<T>(onMessage: (message: T) => void): Channel<T> {
  const opened = new Channel<T>();
  opened.onmessage = onMessage;
  return opened;
}

export const tauriBackend: Backend = {
  start: () => ask(commands.start()),
  watch: (onNotice) => told(commands.watch(channel(onNotice))),
  savePreferences: (preferences) => told(commands.savePreferences(preferences)),
  setReviewer: (name) => told(commands.setReviewer(name)),

  queues: () => ask(commands.queues()),
  queue: (queueId) => ask(commands.queue(queueId)),
  changeQueue: (queueId, change) => ask(commands.changeQueue(queueId, change)),
  draw: (queueId, size) => ask(commands.draw(queueId, size)),
  setPlan: (queueId, order) => ask(commands.setPlan(queueId, order)),
  openDemo: () => ask(commands.openDemo()),

  policies: () => ask(commands.policies()),
  policy: (reference) => ask(commands.policy(reference)),
  savePolicy: (terms) => ask(commands.savePolicy(terms)),
  importPolicy: (path) => ask(commands.importPolicy(path)),
  exportPolicy: (reference, path) => told(commands.exportPolicy(reference, path)),
  policyChange: (queueId, reference) => ask(commands.policyChange(queueId, reference)),
  usePolicy: (queueId, reference) => ask(commands.usePolicy(queueId, reference)),

  previewImport: (path, mapping) => ask(commands.previewImport(path, mapping)),
  importFiles: (order, onProgress) => ask(commands.importFiles(order, channel(onProgress))),
  cancelImport: () => told(commands.cancelImport()),
  saveImportErrors: (queueId, path) => told(commands.saveImportErrors(queueId, path)),

  listItems: (query) => ask(commands.listItems(query)),
  search: (queueId, text, limit) => ask(commands.search(queueId, text, limit)),
  item: (itemId) => ask(commands.item(itemId)),
  nextItem: (queueId, after) => ask(commands.nextItem(queueId, after)),
  previousItem: (queueId, before) => ask(commands.previousItem(queueId, before)),

  filters: {
    list: (queueId, filtering, cursor, limit) =>
      ask(commands.listFiltered(queueId, filtering, cursor, limit)),
    count: (queueId, filtering) => ask(commands.countFiltered(queueId, filtering)),
    next: (queueId, filtering, after) => ask(commands.nextFiltered(queueId, filtering, after)),
    saved: (queueId) => ask(commands.savedFilters(queueId)),
    save: (queueId, name, filtering) => ask(commands.saveFilter(queueId, name, filtering)),
    rename: (queueId, filterId, name) => ask(commands.renameFilter(queueId, filterId, name)),
    remove: (queueId, filterId) => told(commands.removeFilter(queueId, filterId)),
  },

  decide: (decision) => ask(commands.decide(decision)),
  gesture: (gesture) => ask(commands.gesture(gesture)),
  undo: (queueId) => ask(commands.undo(queueId)),
  alike: (itemId) => ask(commands.alike(itemId)),
  decideAll: (decision, others, lookedAt) => ask(commands.decideAll(decision, others, lookedAt)),
  previewBulk: (task, itemIds) => ask(commands.previewBulk(task, itemIds)),
  correctLanguage: (itemId, language) => ask(commands.correctLanguage(itemId, language)),
  history: (itemId) => ask(commands.history(itemId)),

  disagreements: (queueId, limit) => ask(commands.disagreements(queueId, limit)),
  adjudicate: (decision) => ask(commands.adjudicate(decision)),

  team: (queueId) => ask(commands.team(queueId)),
  splitQueue: (order) => ask(commands.splitQueue(order)),
  openBundle: (path) => ask(commands.openBundle(path)),
  giveBack: (queueId, path) => ask(commands.giveBack(queueId, path)),
  mergeReturns: (paths) => ask(commands.mergeReturns(paths)),

  assistant: () => ask(commands.assistant()),
  assist: (order, onLoading, onText) =>
    ask(commands.assist(order, channel(onLoading), channel(onText))),
  cancelAssist: () => told(commands.cancelAssist()),

  forecastRun: (order) => ask(commands.forecastRun(order)),
  measureRun: (order) => ask(commands.measureRun(order)),
  startRun: (order) => ask(commands.startRun(order)),
  pauseRun: (runId) => told(commands.pauseRun(runId)),
  resumeRun: (runId) => told(commands.resumeRun(runId)),
  cancelRun: (runId) => told(commands.cancelRun(runId)),
  runs: () => ask(commands.runs()),

  guards: () => ask(commands.guards()),
  devices: () => ask(commands.devices()),
  addGuard: (path, family, onProgress) => ask(commands.addGuard(path, family, channel(onProgress))),
  removeGuard: (guardId) => told(commands.removeGuard(guardId)),
  setDefaultGuard: (guardId) => told(commands.setDefaultGuard(guardId)),
  checkGuard: (guardId, onLoading) => ask(commands.checkGuard(guardId, channel(onLoading))),

  previewExport: (order) => ask(commands.previewExport(order)),
  export: (order, folder) => ask(commands.export(order, folder)),

  insight: (query) => ask(commands.insight(query)),
  calibrate: (queueId, guardId) => ask(commands.calibrate(queueId, guardId)),
  compare: (queueId, guardA, guardB) => ask(commands.compare(queueId, guardA, guardB)),
  pairedTests: (query) => ask(commands.pairedTests(query)),
  saveFigure: (path, format, bytes) => told(commands.saveFigure(path, format, [...bytes])),
  verifyAudit: () => ask(commands.verifyAudit()),
  settings: () => ask(commands.settings()),
  saveSettings: (settings) => ask(commands.saveSettings(settings)),

  async pickFiles(filters?: FileFilter[]) {
    const picked = await open({ multiple: true, directory: false, filters });
    return picked ?? [];
  },
  pickFolder: () => open({ multiple: false, directory: true }),
  pickSaveFile: (suggestedName) => save({ defaultPath: suggestedName }),
  onFilesDropped(handler, onHover) {
    const listening = getCurrentWebview().onDragDropEvent(({ payload }) => {
      if (payload.type === 'drop') handler(payload.paths);
      onHover?.(payload.type === 'enter' || payload.type === 'over');
    });
    return () => void listening.then((stop) => stop());
  },
  // The protocol's host depends on the system; the library knows which. Slashes have to stay slashes.
  mediaUrl: (itemId, sha256, small) =>
    `${convertFileSrc('', 'media')}${itemId}/${sha256}${small ? '?thumb=1' : ''}`,
};
