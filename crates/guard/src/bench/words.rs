//! Everyday words in the eight languages of the queue that is measured.

/// Words of each language.
const WORDS: usize = 40;

/// A language and what its texts are made of.
pub(super) struct Language {
    /// [`WORDS`] of them with bars between, or short phrases where words are not written apart.
    words: &'static str,
    /// What stands between words.
    pub gap: &'static str,
    /// What ends a sentence.
    pub stop: &'static str,
    /// Tokens that a word takes with its gap and its share of stops, counted with the tokenizer of Qwen3.
    pub tokens_per_word: f64,
}

impl Language {
    /// One of its words; any number chooses one.
    pub fn word(&self, number: usize) -> &'static str {
        self.words.split('|').nth(number % WORDS).unwrap_or_default()
    }
}

/// Burmese, Indonesian, Malay, Tagalog, Tamil, Thai, Vietnamese, English.
pub(super) const LANGUAGES: [Language; 8] = [
    Language {
        words: "မနက်ဖြန်|ဈေး|သွားမယ်|အိမ်|ကျောင်း|ဆရာမ|စာအုပ်|ဖတ်တယ်|ထမင်း|ချက်တယ်|\
                မိုးရွာတယ်|ပူတယ်|ရထား|နောက်ကျတယ်|သူငယ်ချင်း|ဖုန်း|ဝယ်ချင်တယ်|စျေးကြီးတယ်|လက်ဖက်ရည်|သောက်တယ်|\
                အလုပ်|ပင်ပန်းတယ်|ညနေ|ဘောလုံး|ကစားတယ်|သီချင်း|နားထောင်တယ်|မြို့|လမ်း|ပန်းခြံ|\
                ကလေးတွေ|ရယ်တယ်|အမေ|အဖေ|ဟင်း|ငါး|ကြက်ဥ|မုန့်|ဘာကြောင့်|ကျေးဇူးတင်ပါတယ်",
        gap: "",
        stop: "။ ",
        tokens_per_word: 10.3,
    },
    Language {
        words: "besok|pasar|saya|mau|membeli|beras|rumah|sekolah|guru|membaca|\
                buku|memasak|nasi|hujan|panas|kereta|terlambat|teman|telepon|mahal|\
                teh|minum|kerja|lelah|sore|bola|bermain|lagu|mendengar|kota|\
                jalan|taman|anak-anak|tertawa|ibu|bapak|sayur|ikan|mengapa|terima kasih",
        gap: " ",
        stop: ". ",
        tokens_per_word: 2.2,
    },
    Language {
        words: "esok|pasar|saya|hendak|membeli|beras|rumah|sekolah|cikgu|membaca|\
                buku|memasak|nasi|hujan|panas|keretapi|lewat|kawan|telefon|mahal|\
                teh|minum|kerja|penat|petang|bola|bermain|lagu|mendengar|bandar|\
                jalan|taman|kanak-kanak|ketawa|emak|ayah|sayur|ikan|kenapa|terima kasih",
        gap: " ",
        stop: ". ",
        tokens_per_word: 2.3,
    },
    Language {
        words: "bukas|palengke|ako|gusto|bumili|bigas|bahay|paaralan|guro|nagbabasa|\
                aklat|nagluluto|kanin|umuulan|mainit|tren|nahuli|kaibigan|telepono|mahal|\
                tsaa|uminom|trabaho|pagod|hapon|bola|naglalaro|awit|nakikinig|lungsod|\
                daan|hardin|mga bata|tumatawa|nanay|tatay|gulay|isda|bakit|salamat po",
        gap: " ",
        stop: ". ",
        tokens_per_word: 2.4,
    },
    Language {
        words: "நாளை|சந்தை|நான்|வாங்க|வேண்டும்|அரிசி|வீடு|பள்ளி|ஆசிரியர்|படிக்கிறேன்|\
                புத்தகம்|சமைக்கிறேன்|சோறு|மழை|வெயில்|ரயில்|தாமதம்|நண்பர்|தொலைபேசி|விலை|\
                தேநீர்|குடிக்கிறேன்|வேலை|களைப்பு|மாலை|பந்து|விளையாட்டு|பாட்டு|கேட்கிறேன்|நகரம்|\
                சாலை|பூங்கா|குழந்தைகள்|சிரிப்பு|அம்மா|அப்பா|காய்கறி|மீன்|ஏன்|நன்றி",
        gap: " ",
        stop: ". ",
        tokens_per_word: 8.4,
    },
    Language {
        words: "พรุ่งนี้|ตลาด|ฉัน|อยากซื้อ|ข้าวสาร|บ้าน|โรงเรียน|คุณครู|อ่าน|หนังสือ|\
                ทำอาหาร|ข้าว|ฝนตก|ร้อน|รถไฟ|มาสาย|เพื่อน|โทรศัพท์|แพง|ชา|\
                ดื่ม|ทำงาน|เหนื่อย|ตอนเย็น|ลูกบอล|เล่น|เพลง|ฟัง|เมือง|ถนน|\
                สวน|เด็กๆ|หัวเราะ|แม่|พ่อ|ผัก|ปลา|ไข่|ทำไม|ขอบคุณ",
        gap: "",
        stop: " ",
        tokens_per_word: 2.6,
    },
    Language {
        words: "ngày mai|chợ|tôi|muốn|mua|gạo|nhà|trường học|cô giáo|đọc|\
                sách|nấu|cơm|trời mưa|nóng|tàu hỏa|trễ|bạn bè|điện thoại|đắt|\
                trà|uống|công việc|mệt|buổi chiều|quả bóng|chơi|bài hát|nghe|thành phố|\
                con đường|công viên|trẻ em|cười|mẹ|bố|rau|cá|tại sao|cảm ơn",
        gap: " ",
        stop: ". ",
        tokens_per_word: 1.8,
    },
    Language {
        words: "tomorrow|market|I|want|buy|rice|house|school|teacher|reading|\
                book|cooking|soup|rain|hot|train|late|friend|telephone|expensive|\
                tea|drink|work|tired|evening|ball|playing|song|listening|city|\
                street|garden|children|laugh|mother|father|vegetables|fish|why|thanks",
        gap: " ",
        stop: ". ",
        tokens_per_word: 1.1,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_as_many_words_as_are_drawn_from() {
        for language in &LANGUAGES {
            let words: Vec<&str> = (0..WORDS).map(|number| language.word(number)).collect();
            assert!(words.iter().all(|word| !word.trim().is_empty()), "{words:?}");
            assert_eq!(language.words.split('|').count(), WORDS, "{}", words[0]);
        }
    }
}
