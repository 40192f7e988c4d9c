//! Languages by their BCP 47 tags, as far as the assistant's question has to name them.

/// English names of the languages of South-East Asia that models are made for, and of their neighbours.
const NAMES: [(&str, &str); 20] = [
    ("en", "English"),
    ("id", "Indonesian"),
    ("jv", "Javanese"),
    ("km", "Khmer"),
    ("lo", "Lao"),
    ("ms", "Malay"),
    ("my", "Burmese"),
    ("su", "Sundanese"),
    ("ta", "Tamil"),
    ("th", "Thai"),
    ("tl", "Tagalog"),
    ("vi", "Vietnamese"),
    ("zh", "Chinese"),
    ("hi", "Hindi"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("de", "German"),
    ("es", "Spanish"),
    ("fr", "French"),
    ("pt", "Portuguese"),
];

/// The language without script and region, in lower case; Filipino counts as Tagalog.
pub(super) fn primary(tag: &str) -> String {
    let language = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    match language.as_str() {
        "fil" => "tl".to_owned(),
        "" => "und".to_owned(),
        _ => language,
    }
}

/// What English calls a language; the tag itself where that is not known.
pub(super) fn english_name(tag: &str) -> String {
    let language = primary(tag);
    let known = NAMES.iter().find(|(code, _)| *code == language);
    known.map_or_else(|| format!("the language {tag:?}"), |(_, name)| (*name).to_owned())
}
