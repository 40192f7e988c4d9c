import type { comfort as en } from '../en/comfort';
import type { Translated } from '../message';

export const comfort: Translated<typeof en> = {
  'comfort.title': 'Kenyamanan',
  'comfort.text':
    'Semua ini pilihan dan hanya untuk Anda: disimpan bersama nama samaran Anda. Yang terasa lebih ringan berbeda bagi setiap orang, dan tidak ada yang menggantikan istirahat.',
  'comfort.smallImages': 'Gambar kecil',
  'comfort.smallImagesHint':
    'Gambar dan salinan kecilnya memakan lebih sedikit tempat; tetap dapat diperbesar',
  'comfort.break': 'Ingatkan saya untuk beristirahat',
  'comfort.never': 'Tidak pernah',
  'comfort.afterMinutes': 'Setelah {{n, number}} mnt',
  'comfort.muted': 'Kata yang ditutup',
  'comfort.mutedText':
    'Kata yang tidak ingin Anda temui tanpa persiapan ditutup di dalam item sampai Anda memperlihatkannya. Daftarnya tetap di komputer ini.',
  'comfort.listName': 'Jenis kata',
  'comfort.words': 'Kata',
  'comfort.wordsHint':
    'Satu kata atau frasa per baris. Tanda bintang di akhir juga menutup kata yang diawali dengannya',
  'comfort.cover': 'Tutup kata-kata ini',
  'comfort.addList': 'Tambah daftar',
  'comfort.removeList': 'Hapus daftar',
  'comfort.word': 'kata tertutup: {{list}}',
  'comfort.breakDue': 'Anda sudah meninjau selama {{minutes, number}} mnt.',
  'comfort.unsafeSeen_other': '{{count, number}} item tidak aman telah tampil di layar.',
  'comfort.takeBreak': 'Istirahat',
  'comfort.later': '10 menit lagi',
  'comfort.resting': 'Istirahat',
  'comfort.restingText':
    'Tidak ada isi antrean yang terlihat. Semuanya menunggu seperti saat Anda tinggalkan.',
  'comfort.back': 'Lanjutkan meninjau',
};
