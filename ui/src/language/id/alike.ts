import type { alike as en } from '../en/alike';
import type { Translated } from '../message';

export const alike: Translated<typeof en> = {
  'alike.title': 'Hampir sama',
  'alike.nothing': 'Tidak ada yang hampir sama di antrean ini',
  'alike.found_other': '{{count, number}} item, {{open, number}} belum diputuskan',
  'alike.foundMore':
    'lebih dari {{count, number}} item, {{open, number}} di antaranya belum diputuskan',
  'alike.together': 'Putuskan bersama item ini',
  'alike.armed_other': 'Label Anda berikutnya juga berlaku untuk {{count, number}} item lain',
  'alike.text': 'teks berbeda {{share}}',
  'alike.pictures': 'gambar berbeda {{n, number}} dari 256 bit',
  'alike.decided_other': '{{said}}, juga {{count, number}} item lain',

  'itemLanguage.title': 'Bahasa item',
  'itemLanguage.file': 'Menurut berkas',
  'itemLanguage.detected': 'Dikenali dari teks: berkas tidak menyebutkannya',
  'itemLanguage.corrected': 'Menurut peninjau',
  'itemLanguage.none': 'Tidak diketahui dari berkas maupun dari teks',
  'itemLanguage.saved': 'Bahasa: {{name}}',

  'zawgyi.name': 'Zawgyi, ditampilkan dalam Unicode',
  'zawgyi.title':
    'Ditulis dalam enkode Zawgyi; ditampilkan dalam Unicode, seperti yang dibaca penjaga',
};
