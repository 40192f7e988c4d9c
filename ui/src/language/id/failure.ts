import type { failure as en } from '../en/failure';
import type { Translated } from '../message';

export const failure: Translated<typeof en> = {
  'failure.not_found': 'Yang dicari sudah tidak ada',
  'failure.not_found.advice': 'Kembali dan periksa lagi daftarnya',
  'failure.invalid': 'Nilai yang diberikan tidak dapat digunakan',
  'failure.invalid.advice': 'Ubah hal yang disebut di atas, lalu coba lagi',
  'failure.conflict': 'Sementara itu sudah ada perubahan dari tempat lain',
  'failure.conflict.advice': 'Buka lagi untuk melihat keadaannya sekarang',
  'failure.newer_version': 'Ini ditulis oleh Saring versi yang lebih baru',
  'failure.newer_version.advice': 'Gunakan versi tersebut atau yang lebih baru',
  'failure.disk_full': 'Disk penuh',
  'failure.disk_full.advice':
    'Kosongkan ruang, lalu coba lagi: yang sudah tersimpan tetap ada di disk',
  'failure.busy': 'Ini sedang digunakan oleh proses lain',
  'failure.busy.advice': 'Tunggu sampai selesai, atau hentikan, lalu coba lagi',
  'failure.damaged': 'Ada berkas yang rusak',
  'failure.damaged.advice': 'Ambil dari salinan, dan laporkan rincian di bawah',
  'failure.io': 'Berkas tidak dapat dibaca atau ditulis',
  'failure.io.advice': 'Periksa lokasi yang disebut di atas beserta izin aksesnya',
  'failure.engine': 'Penjaga tidak dapat melakukannya',
  'failure.engine.advice': 'Coba lagi; jika terulang, jalankan uji mandirinya di layar Penjaga',
  'failure.cancelled': 'Proses dihentikan',
  'failure.cancelled.advice': 'Mulai lagi kapan saja: yang sudah dikerjakan tetap tersimpan',
  'failure.no_answer': 'Program tidak menjawab',
  'failure.no_answer.advice':
    'Coba lagi; jika tetap begitu, tutup jendela dan buka lagi: yang sudah tersimpan ada di disk',
};
