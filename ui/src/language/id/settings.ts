import type { settings as en } from '../en/settings';
import type { Translated } from '../message';

export const settings: Translated<typeof en> = {
  'settings.title': 'Setelan',
  'settings.reading': 'Membaca setelan',

  'settings.reviewer': 'Peninjau',
  'settings.pseudonym': 'Nama samaran',
  'settings.pseudonymHint':
    'Tercantum pada setiap keputusan dan dalam ekspor. Tidak harus nama asli Anda; keputusan yang sudah dibuat tetap memakai nama lama',

  'settings.appearance': 'Tampilan',
  'settings.language': 'Bahasa jendela',
  'settings.asSystem': 'Ikuti sistem',
  'settings.theme': 'Tema',
  'settings.theme.light': 'Terang',
  'settings.theme.dark': 'Gelap',
  'settings.textSize': 'Ukuran teks',
  'settings.size.small': 'Kecil',
  'settings.size.normal': 'Normal',
  'settings.size.large': 'Besar',
  'settings.cover': 'Gambar, sebelum diperlihatkan',
  'settings.cover.blur': 'Dikaburkan',
  'settings.cover.blurHint': 'Orang maupun tulisan tidak dapat dikenali',
  'settings.cover.blur-grey': 'Dikaburkan, tanpa warna',
  'settings.cover.blur-greyHint': 'Yang paling sedikit dapat terlihat',
  'settings.cover.grey': 'Tanpa warna',
  'settings.cover.greyHint': 'Semuanya dapat dikenali, darah tampak kelabu',
  'settings.cover.plain': 'Apa adanya',
  'settings.cover.plainHint': 'Gambar langsung terlihat',
  'settings.coverAgain': 'Setiap item dan setiap gambar dimulai dalam keadaan tertutup lagi',

  'settings.verdicts': 'Pembacaan putusan',
  'settings.verdictsText':
    'Jawaban penjaga disimpan apa adanya: probabilitas semua labelnya tidak diubah. Yang berubah hanya yang diturunkan saat dibaca, yaitu probabilitas tidak aman dan urutan yang memakainya, baik untuk putusan lama maupun baru. Penjaga tidak perlu dijalankan lagi.',
  'settings.mode': 'Mode, untuk penjaga yang mengenal label kontroversial',
  'settings.mode.strict': 'Ketat',
  'settings.mode.strictHint': 'Kontroversial dihitung sebagai tidak aman',
  'settings.mode.loose': 'Longgar',
  'settings.mode.looseHint': 'Kontroversial tidak dihitung sebagai tidak aman',
  'settings.sensitivePrompt': 'Label sensitif pada prompt, untuk SEA-Guard',
  'settings.sensitiveResponse': 'Label sensitif pada respons, untuk SEA-Guard',
  'settings.asUnsafe': 'Sebagai tidak aman',
  'settings.asSafe': 'Sebagai aman',

  'settings.keys': 'Tombol',
  'settings.keys.restoreAll': 'Pulihkan semua',
  'settings.keys.exchange': 'Tukar',
  'settings.keys.preset': 'Susunan tombol',
  'settings.keys.preset.saring': 'Saring',
  'settings.keys.preset.saringHint': 'Enter menyimpan yang dipilih',
  'settings.keys.preset.prodigy': 'Seperti Prodigy',
  'settings.keys.preset.prodigyHint':
    'A juga menyimpan yang dipilih, Backspace atau Delete mengurungkan',
  'settings.keys.single': 'Tombol tunggal',
  'settings.keys.singleHint':
    'Jika dimatikan: huruf, angka, dan simbol membutuhkan Alt, sehingga masukan suara atau sentuhan tak sengaja tidak memutuskan apa pun',
  'settings.keys.press': 'Tekan tombol, atau Esc untuk membiarkannya',
  'settings.keys.none': 'tanpa tombol',
  'settings.keys.leave': 'Biarkan',
  'settings.keys.leaveName': 'Biarkan tombol untuk {{action}}',
  'settings.keys.change': 'Ubah',
  'settings.keys.changeName': 'Ubah tombol untuk {{action}}',
  'settings.keys.off': 'Matikan',
  'settings.keys.offName': 'Matikan tombol untuk {{action}}',
  'settings.keys.restore': 'Pulihkan',
  'settings.keys.restoreName': 'Pulihkan tombol untuk {{action}}',
  'settings.keys.conflict':
    '{{key}} berarti “{{first}}” sekaligus “{{second}}”: ubah salah satunya',
  'settings.keys.action': 'Tindakan',
  'settings.keys.key': 'Tombol',
  'settings.keys.taken':
    '{{key}} adalah tombol untuk {{actions}}: tukar keduanya, atau tekan tombol lain',
  'settings.keys.restoreTaken':
    '“{{action}}” kini memakai salah satu tombol itu: ubah dahulu di sana',

  'settings.workspace': 'Ruang kerja ini',
  'settings.folder': 'Folder',
  'settings.version': 'Versi',
  'settings.privacy': 'Privasi',
  'settings.privacyText':
    'Tidak ada data yang keluar dari komputer ini. Saring tidak membuka sambungan jaringan: penjaga berjalan di sini, item, putusan, dan keputusan berada di folder di atas, dan tidak ada akun, telemetri, maupun pembaruan di latar belakang. Ekspor masuk ke folder yang Anda pilih. Teks item tidak pernah ditulis ke log.',
};
