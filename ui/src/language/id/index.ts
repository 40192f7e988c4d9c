/**
 * The Indonesian texts of the window: formal, "Anda", the words of people who moderate and annotate.
 *
 * item: item · queue: antrean · review: tinjau, tinjauan · reviewer: peninjau · guard: (model) penjaga
 * verdict, by a guard: putusan · decision, by a person: keputusan · label: label, to label: melabeli
 * category: kategori · scheme: skema · policy: kebijakan · rationale: alasan · note: catatan
 * safe, unsafe: aman, tidak aman · controversial: kontroversial · sensitive: sensitif
 * accept, reject: terima, tolak · skip: lewati · escalate: eskalasi · flag: tandai · undo: urungkan
 * quarantine: karantina · pending: menunggu · decided: diputuskan · not assessed: belum dinilai
 * blind: tersamar · suggestion: saran · gold: acuan (gold) · prior: awal (prior) · adjudication: adjudikasi
 * uniform draw: sampel acak seragam · estimate: estimasi · probability: probabilitas · threshold: ambang
 * prompt: prompt · response: respons · refuses, complies: menolak, memenuhi permintaan
 * checkpoint: checkpoint · weights: bobot · precision: presisi · toy: mainan · run: jalankan, proses
 * file: berkas · row: baris · workspace: ruang kerja · key: tombol · pseudonym: nama samaran
 * cover, reveal: tutup, perlihatkan · blurred: dikaburkan · assistant: asisten · history: riwayat
 */
import type { en } from '../en';
import type { Translated } from '../message';
import { alike } from './alike';
import { beside } from './beside';
import { comfort } from './comfort';
import { failure } from './failure';
import { filter } from './filter';
import { frame } from './frame';
import { guards } from './guards';
import { importing } from './import';
import { insight } from './insight';
import { keys } from './keys';
import { missing } from './missing';
import { outcome } from './outcome';
import { policy } from './policy';
import { queues } from './queues';
import { review } from './review';
import { run } from './run';
import { settings } from './settings';
import { team } from './team';
import { words } from './words';

export const id: Translated<typeof en> = {
  ...words,
  ...failure,
  ...filter,
  ...frame,
  ...keys,
  ...queues,
  ...importing,
  ...run,
  ...guards,
  ...review,
  ...beside,
  ...alike,
  ...comfort,
  ...outcome,
  ...policy,
  ...insight,
  ...missing,
  ...settings,
  ...team,
};
