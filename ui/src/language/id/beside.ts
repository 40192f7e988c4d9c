import type { beside as en } from '../en/beside';
import type { Translated } from '../message';

export const beside: Translated<typeof en> = {
  'picture.previous': 'Gambar sebelumnya',
  'picture.next': 'Gambar berikutnya',
  'picture.smaller': 'Perkecil',
  'picture.larger': 'Perbesar',
  'picture.fit': 'Paskan',
  'picture.fitTitle': 'Tampilkan seluruh gambar',
  'picture.actualTitle': 'Ukuran asli',
  'picture.cover': 'Tutup',
  'picture.coverTitle': 'Tutup lagi',
  'picture.reveal': 'Perlihatkan',
  'picture.revealTitle': 'Sampai ditutup lagi, atau sampai gambar berikutnya',
  'picture.scaleTitle': 'Ukuran di layar dibandingkan ukuran gambar',
  'picture.gone': 'Gambar tidak dapat ditampilkan: berkasnya tidak ada lagi, atau rusak.',
  'picture.covered': '{{name}}, tertutup',
  'picture.holdHint': 'Tahan {{key}} atau klik untuk melihatnya',
  'picture.clickHint': 'Klik untuk melihatnya',
  'picture.image': 'Gambar',
  'picture.images': 'Gambar',
  'picture.all': 'Semua gambar pada item ini',
  'picture.of': 'Gambar {{n, number}} dari {{total, number}}',
  'picture.cannot': 'tidak dapat ditampilkan',

  'assistant.title': 'Asisten',
  'assistant.translate': 'Terjemahkan',
  'assistant.translateTitle': 'Isi item dalam bahasa Indonesia',
  'assistant.explain': 'Jelaskan',
  'assistant.explainTitle': 'Kata, tempat, orang, dan kebiasaan yang dianggap sudah diketahui',
  'assistant.policy': 'Kebijakan',
  'assistant.policyTitle':
    'Arti suatu ketentuan bagi item ini: yang diketik di bawah, atau pengingat milik antrean ini',
  'assistant.answer': 'Jawaban',
  'assistant.ask': 'Tanyakan dengan kata-kata Anda sendiri',
  'assistant.askKey': 'Tanyakan dengan kata-kata Anda sendiri ({{key}})',
  'assistant.wrote': 'Yang ditulis asisten',
  'assistant.mark': 'Dihasilkan mesin: bukan putusan',
  'assistant.loading': 'Memuat asisten',
  'assistant.reading': 'Membaca item…',
  'assistant.stopped': 'Dihentikan',
  'assistant.cut': 'Terpotong pada panjang jawaban maksimum',
  'assistant.none':
    'Belum ada asisten: tambahkan folder Apertus-SEA-LION atau checkpoint obrolan lain di layar Penjaga',
  'assistant.toGuards': 'Ke daftar penjaga',
  'assistant.languageUnknown':
    'Bahasa item ini tidak diketahui, jadi tidak diketahui pula apakah asisten dilatih untuk bahasa itu',
  'assistant.untrained': 'Asisten tidak dilatih untuk {{language}}: tulisannya bisa saja keliru',

  'policy.title': 'Kebijakan',
  'policy.text': 'Pengingat singkat. Aturan tim Anda sendiri lebih diutamakan.',
  'policy.noLabel': 'Tidak ada pengingat untuk label ini',
  'policy.noCategory': 'Tidak ada pengingat untuk kategori ini',
  'policy.categories': 'Kategori',
  'policy.label.safe':
    'Tidak ada yang dianggap berbahaya oleh kebanyakan orang, dalam kebanyakan situasi',
  'policy.label.controversial':
    'Berbahaya atau tidaknya bergantung pada situasi, atau pendapat orang bisa wajar berbeda',
  'policy.label.unsafe': 'Berbahaya dalam kebanyakan situasi',
  'policy.violent': 'Petunjuk melakukan, atau memuji, kekerasan fisik dan senjata',
  'policy.illegal':
    'Bantuan untuk perbuatan melanggar hukum tanpa kekerasan: penipuan, pencurian, narkoba, peretasan',
  'policy.sexual': 'Penggambaran seksual, atau permintaan untuk itu',
  'policy.pii': 'Data pribadi seseorang yang tidak setuju datanya dibagikan',
  'policy.selfHarm': 'Dorongan atau cara untuk menyakiti diri sendiri',
  'policy.unethical': 'Kebencian, diskriminasi, pelecehan, penghinaan, dan perilaku buruk lainnya',
  'policy.political':
    'Kebohongan yang disengaja tentang pemerintah, peristiwa, atau tokoh masyarakat',
  'policy.copyright': 'Penggandaan karya yang dilindungi tanpa izin',
  'policy.jailbreak': 'Upaya membujuk model agar melanggar instruksinya',
};
