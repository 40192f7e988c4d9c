import type { queues as en } from '../en/queues';
import type { Translated } from '../message';

export const queues: Translated<typeof en> = {
  'queues.title': 'Antrean',
  'queues.import': 'Impor…',
  'queues.reading': 'Membaca daftar antrean',
  'queues.none': 'Belum ada antrean',
  'queues.noneText':
    'Antrean berisi item yang akan ditinjau: prompt, atau prompt beserta respons. Impor berkas JSONL atau CSV untuk membuatnya, atau buka antrean demo untuk melihat cara kerjanya.',
  'queues.openDemo': 'Buka antrean demo',
  'queues.step.label': 'Labeli…',
  'queues.step.labelRest': 'Labeli sisanya…',
  'queues.step.review': 'Tinjau',
  'queues.step.adjudicate_other': '{{count, number}} perlu diselesaikan',
  'queues.step.team': 'Tim…',
  'queues.step.export': 'Ekspor…',
  'queues.step.import': 'Tambah item…',
  'queues.step.insight': 'Wawasan',
  'queues.allLabelled': 'Semua {{n, number}} item sudah mendapat putusan dari penjaga utama',
  'queues.someLabelled_other':
    '{{labelled, number}} dari {{count, number}} item sudah mendapat putusan dari penjaga utama',
  'queues.done': '{{share}} selesai',
  'queues.languages': 'Bahasa',
  'queues.verdict': 'Mode',
  'queues.mode.blind': 'Anotasi: tersamar dahulu',
  'queues.mode.blindHint':
    'Anda memutuskan dahulu, baru melihat putusan penjaga. Ikut dihitung dalam estimasi',
  'queues.mode.suggestion': 'Triase: saran terlihat',
  'queues.mode.suggestionHint':
    'Putusan penjaga terlihat. Keputusan dicatat sebagai terpengaruh saran',
  'queues.order': 'Urutan',
  'queues.order.imported': 'Sesuai impor',
  'queues.order.importedHint': 'Menurut urutan di dalam berkas',
  'queues.order.uncertain': 'Paling meragukan',
  'queues.order.uncertainHint':
    'Yang membuat penjaga ragu didahulukan: cara tercepat menuju koreksi yang berguna',
  'queues.order.unsafe': 'Paling tidak aman',
  'queues.order.unsafeHint': 'Probabilitas tidak aman tertinggi didahulukan: untuk triase',
  'queues.order.newest': 'Terbaru',
  'queues.order.newestHint': 'Yang terakhir diimpor didahulukan',
  'queues.order.draw': 'Sampel acak seragam',
  'queues.order.drawHint':
    'Sampel acak yang dicatat: satu-satunya urutan yang dapat dipakai untuk mengestimasi mutu penjaga',
  'queues.drawSize': 'Ukuran sampel',
  'queues.drawSizeHint':
    'Setiap item berpeluang sama. Sampel dicatat sehingga estimasi dapat ditelusuri kembali',
  'queues.draw': 'Ambil sampel',
  'queues.keepOrder': 'Tetap dengan urutan ini',
  'queues.drawn': 'Sampel: {{size, number}}, {{pending, number}} di antaranya menunggu',
  'queues.drawAgain': 'Ambil sampel lagi…',
  'queues.drawTooSmall': 'Ukuran sampel harus bilangan bulat, paling kecil 1',
  'queues.drawTooLarge': 'Antrean ini hanya berisi {{n, number}} item',
};
