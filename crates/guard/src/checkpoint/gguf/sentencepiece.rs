//! SentencePiece's BPE with byte fallback: Gemma's tokenizer.
//!
//! The file holds pieces and scores; tokenizer.json holds merges. They are derived as the converters of transformers do
//! (`generate_merges` in convert_slow_tokenizer.py): every way to put a piece together from two others is a merge, and
//! the best score comes first.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::vocabulary::{Kind, Vocabulary};

/// What stands for a space.
const SPACE: &str = "\u{2581}";

/// Longest piece in bytes. Gemma's longest, a run of spaces, has 93; every way to split one is tried.
const PIECE_BYTES_MAX: usize = 1024;

/// What tokenizer.json would say.
///
/// # Errors
/// The key that is missing or wrong.
pub(super) fn tokenizer(vocabulary: &Vocabulary<'_>) -> Result<Value, String> {
    if vocabulary.metadata.flag("tokenizer.ggml.add_space_prefix") != Some(false) {
        return Err("`tokenizer.ggml.add_space_prefix` must be false, as it is for Gemma".into());
    }
    let scores = vocabulary.metadata.numbers("tokenizer.ggml.scores")?;
    if scores.len() != vocabulary.tokens.len() {
        return Err(format!("it has {} tokens and {} scores", vocabulary.tokens.len(), scores.len()));
    }
    let (mut pieces, mut added) = (Vec::new(), Vec::new());
    for (id, (token, kind)) in vocabulary.tokens.iter().zip(&vocabulary.kinds).enumerate() {
        if token.len() > PIECE_BYTES_MAX {
            return Err(format!("token {id} has {} bytes; at most {PIECE_BYTES_MAX} are read", token.len()));
        }
        match kind {
            Kind::Normal | Kind::Byte => pieces.push(Piece { text: token.clone(), id, score: scores[id] }),
            // The converter wrote spaces, and a score of its own; SentencePiece has 0 for these.
            Kind::UserDefined => {
                let text = token.replace(' ', SPACE);
                added.push(vocabulary.added(id, &text));
                pieces.push(Piece { text, id, score: 0.0 });
            }
            Kind::Unknown | Kind::Control => added.push(vocabulary.added(id, token)),
            Kind::Unused => {}
        }
    }
    tab(&mut pieces);
    let merges = merges(&pieces);
    let mut vocab: Map<String, Value> =
        pieces.iter().map(|piece| (piece.text.clone(), piece.id.into())).collect();
    let unknown = vocabulary.id("<unk>").map(|id| {
        vocab.insert("<unk>".into(), id.into());
        "<unk>"
    });
    Ok(json!({
        "version": "1.0",
        "added_tokens": added,
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false},
        "post_processor": null,
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
        ]},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": vocab, "merges": merges,
        },
    }))
}

struct Piece {
    text: String,
    id: usize,
    score: f64,
}

/// Gemma's tokenizers have no tab; its byte takes the place, as in the authors' tokenizer.json.
fn tab(pieces: &mut [Piece]) {
    if pieces.iter().all(|piece| piece.text != "\t")
        && let Some(byte) = pieces.iter_mut().find(|piece| piece.text == "<0x09>")
    {
        byte.text = "\t".into();
        byte.score = 0.0;
    }
}

/// Every pair of pieces that makes a piece, the best first.
fn merges(pieces: &[Piece]) -> Vec<[&str; 2]> {
    struct Merge<'a> {
        pair: [&'a str; 2],
        score: f64,
        lengths: [usize; 2],
    }
    let ids: HashMap<&str, usize> = pieces.iter().map(|piece| (piece.text.as_str(), piece.id)).collect();
    let mut merges: Vec<Merge<'_>> = Vec::new();
    for piece in pieces {
        let characters = piece.text.chars().count();
        let ways = piece.text.char_indices().enumerate().skip(1).filter_map(|(i, (at, _))| {
            let (left, right) = piece.text.split_at(at);
            let order = (*ids.get(left)?, *ids.get(right)?);
            Some((order, Merge { pair: [left, right], score: piece.score, lengths: [i, characters - i] }))
        });
        let mut ways: Vec<_> = ways.collect();
        ways.sort_by_key(|(order, _)| *order);
        merges.extend(ways.into_iter().map(|(_, merge)| merge));
    }
    // What compares as equal keeps its order, as in Python.
    merges.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| b.lengths.cmp(&a.lengths)));
    merges.into_iter().map(|merge| merge.pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_come_by_score_and_then_by_length() {
        let piece = |(id, (text, score)): (usize, (&str, f64))| Piece { text: text.into(), id, score };
        let pieces = [("a", -9.0), ("b", -9.0), ("ab", -2.0), ("aba", -1.0), ("ba", -3.0)];
        let pieces: Vec<Piece> = pieces.into_iter().enumerate().map(piece).collect();
        let found = merges(&pieces);
        assert_eq!(found, [["ab", "a"], ["a", "ba"], ["a", "b"], ["b", "a"]]);
    }
}
