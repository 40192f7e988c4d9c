//! What is written into the search tables, and how a query is turned into what they understand. Pure.
//!
//! Text is folded once, on the way in and in the query: NFC, so that a decomposed Vietnamese query finds composed text, then lower
//! case. Words of three characters and more are looked for as they stand, by trigrams; shorter ones, which trigrams cannot find,
//! by single characters and pairs. Several words must all be there, in any order.

use std::{collections::HashSet, fmt::Write as _};

use unicode_normalization::UnicodeNormalization;

/// What the search tables hold of an item.
#[derive(Clone, Debug)]
pub struct Indexed {
    /// The item's number.
    pub seq: i64,
    /// Its folded text.
    pub text: String,
    /// Its characters and pairs as ASCII words.
    pub grams: String,
}

impl Indexed {
    /// Of the item `seq` with these texts.
    pub fn new<'a>(seq: i64, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        for piece in texts {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(piece);
        }
        let text = fold(&text);
        Self { seq, grams: grams(&text), text }
    }
}

/// A query as the tables understand it; both parts must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatchQuery {
    /// For words of three characters and more.
    pub trigrams: Option<String>,
    /// For shorter ones.
    pub grams: Option<String>,
}

impl MatchQuery {
    /// Reads what a person typed. Nothing in it is syntax.
    pub fn parse(typed: &str) -> Self {
        let folded = fold(typed);
        let (mut phrases, mut short) = (Vec::new(), Vec::new());
        // A NUL would end the query for SQLite.
        for word in folded.split(|c: char| c.is_whitespace() || c == '\0').filter(|w| !w.is_empty()) {
            let chars: Vec<char> = word.chars().take(3).collect();
            match *chars.as_slice() {
                [one] => short.push(single(one)),
                [one, two] => short.push(pair(one, two)),
                _ => phrases.push(format!("\"{}\"", word.replace('"', "\"\""))),
            }
        }
        let all = |words: Vec<String>| (!words.is_empty()).then(|| words.join(" AND "));
        Self { trigrams: all(phrases), grams: all(short) }
    }
}

fn fold(text: &str) -> String {
    // Lower case may decompose again (the Turkish dotted I), so it is composed once more at the end.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfc().collect::<String>().to_lowercase().nfc().collect()
}

fn grams(folded: &str) -> String {
    let mut seen: HashSet<(char, Option<char>)> = HashSet::new();
    let mut grams = String::new();
    let mut previous: Option<char> = None;
    for c in folded.chars() {
        if c.is_whitespace() || c == '\0' {
            previous = None;
            continue;
        }
        if seen.insert((c, None)) {
            let _infallible = write!(grams, "{:x} ", u32::from(c));
        }
        if let Some(first) = previous
            && seen.insert((first, Some(c)))
        {
            let _infallible = write!(grams, "{:x}x{:x} ", u32::from(first), u32::from(c));
        }
        previous = Some(c);
    }
    grams
}

fn single(c: char) -> String {
    format!("\"{:x}\"", u32::from(c))
}

fn pair(first: char, second: char) -> String {
    format!("\"{:x}x{:x}\"", u32::from(first), u32::from(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_of_the_search_engine_is_text() {
        let query = MatchQuery::parse("\"quoted\" NEAR( col:x* ^");
        assert_eq!(
            query.trigrams.as_deref(),
            Some("\"\"\"quoted\"\"\" AND \"near(\" AND \"col:x*\""),
            "every word is a quoted phrase"
        );
        assert_eq!(query.grams.as_deref(), Some("\"5e\""));
    }

    #[test]
    fn a_decomposed_query_is_the_same_as_a_composed_one() {
        assert_eq!(MatchQuery::parse("tie\u{302}\u{301}ng"), MatchQuery::parse("TIẾNG"));
    }

    #[test]
    fn pairs_do_not_reach_over_spaces() {
        assert_eq!(grams("ab c"), "61 62 61x62 63 ");
    }

    #[test]
    fn nothing_typed_asks_nothing() {
        assert_eq!(MatchQuery::parse(" \t"), MatchQuery::default());
    }
}
