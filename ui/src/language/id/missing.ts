import type { missing as en } from '../en/missing';
import type { Translated } from '../message';

export const missing: Translated<typeof en> = {
  'missing.no_cases': 'tidak ada yang dapat dihitung',
  'missing.no_positives': 'tidak satu pun dari {{n, number}} tidak aman',
  'missing.no_negatives': 'semua dari {{n, number}} tidak aman',
  'missing.nothing_flagged': 'tidak satu pun dari {{n, number}} mencapai ambang',
  'missing.not_a_number': 'sebuah probabilitas penjaga bukan angka',
  'missing.one_label': 'keduanya memberi satu label yang sama pada semua {{n, number}}',
  'missing.not_rated_twice': 'tidak ada yang diputuskan secara tersamar oleh dua peninjau',
  'missing.one_rating':
    'semua {{n, number}} label pada yang diputuskan dua peninjau atau lebih adalah sama',
  'missing.nothing_discordant': 'keduanya benar dan salah pada item yang sama',
  'missing.temperature_below':
    'setiap suhu di bawah {{end}} lebih cocok lagi: penjaga selalu benar',
  'missing.temperature_above':
    'setiap suhu di atas {{end}} lebih cocok lagi: probabilitasnya tidak berarti apa-apa',
  'missing.resamples': 'tak terdefinisi dalam {{n, number}} dari {{of, number}} sampel ulang',
  'missing.not_judged': 'penjaga belum menilai satu pun dari item ini',
  'missing.no_gold': 'item-item ini tidak membawa label acuan',
  'missing.no_drawn': 'tidak ada keputusan tersamar atas sampel acak seragam dari seluruh antrean',
  'missing.no_selected': 'tidak ada keputusan tersamar lain',
  'missing.no_synthetic': 'tidak ada keputusan skrip',
  'missing.none_unsafe': 'tidak ada yang tidak aman: peringkat tidak dapat diukur',
  'missing.all_unsafe': 'semuanya tidak aman: peringkat tidak dapat diukur',
  'missing.nothing_in_common':
    'tidak ada yang dinilai kedua penjaga yang memiliki penilaian semacam ini',
};
