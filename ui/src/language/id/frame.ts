import type { frame as en } from '../en/frame';
import type { Translated } from '../message';

export const frame: Translated<typeof en> = {
  'screen.queues': 'Antrean',
  'screen.review': 'Tinjau',
  'screen.adjudicate': 'Adjudikasi',
  'screen.team': 'Tim',
  'screen.import': 'Impor',
  'screen.run': 'Jalankan',
  'screen.guards': 'Penjaga',
  'screen.export': 'Ekspor',
  'screen.insight': 'Wawasan',
  'screen.settings': 'Setelan',
  'frame.screens': 'Layar',
  'frame.dropGuard': 'Lepaskan untuk menambahkan penjaga',
  'frame.dropImport': 'Lepaskan untuk mengimpor',

  'palette.title': 'Semua perintah',
  'palette.placeholder': 'Ketik perintah, layar, antrean, atau filter tersimpan',
  'palette.empty': 'Tidak ada yang bernama demikian',
  'palette.now': 'Sekarang',
  'palette.review': 'Tinjau antrean',
  'palette.saved': 'Buka filter tersimpan',
  'palette.pending': '{{n, number}} menunggu',

  'start.title': 'Tiga cara untuk memulai',
  'start.text':
    'Model penjaga memberi label awal di komputer ini, Anda membenarkan atau mengoreksinya. Tidak ada data yang keluar dari komputer ini.',
  'start.demo': 'Coba demo',
  'start.demoText':
    'Item yang tidak berbahaya dalam delapan bahasa dan penjaga kecil yang sudah tersedia. Sepuluh menit cukup untuk melihat cara kerjanya.',
  'start.demoOpen': 'Buka demo',
  'start.demoScores': 'Skornya pada antrean demo',
  'start.guard': 'Tambahkan penjaga',
  'start.guardText':
    'Folder berisi checkpoint SEA-Guard atau Qwen3Guard, persis seperti yang diterbitkan pembuatnya.',
  'start.guardChoose': 'Pilih folder…',
  'start.import': 'Impor berkas',
  'start.importText':
    'JSONL atau CSV. Anda melihat barisnya dan memilih kolomnya sebelum apa pun disimpan.',
  'start.importChoose': 'Pilih berkas…',
  'start.scoresAbout':
    'AUPRC pada antrean demo yang disisihkan. Artinya hanya bahwa model mainan ini telah mempelajari tugas mainannya; tidak berarti apa-apa untuk konten nyata.',
  'start.demoGuard': 'Penjaga demo',
  'start.baseline': 'Pembanding n-gram',
};
