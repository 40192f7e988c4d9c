//! Keys and values of a GGUF header, asked for by type.

use std::collections::BTreeMap;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// True or false.
    Flag(bool),
    /// Any number; whole ones are exact up to 2^53.
    Number(f64),
    /// A text.
    Text(String),
    /// A list of numbers or flags.
    Numbers(Vec<f64>),
    /// A list of texts.
    Texts(Vec<String>),
}

/// Keys and values. What is asked for and is not there is named in the error.
#[derive(Debug)]
pub(super) struct Metadata {
    entries: BTreeMap<String, Entry>,
}

impl Metadata {
    pub fn new(entries: BTreeMap<String, Entry>) -> Self {
        Self { entries }
    }

    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Keys that begin with `start`, and their values.
    pub fn beginning<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        self.entries.iter().filter_map(move |(key, entry)| Some((key.strip_prefix(start)?, entry)))
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Entry::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key) {
            Some(Entry::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    pub fn texts(&self, key: &str) -> Result<&[String], String> {
        match self.get(key) {
            Some(Entry::Texts(texts)) => Ok(texts),
            _ => Err(format!("`{key}` must be a list of texts")),
        }
    }

    pub fn numbers(&self, key: &str) -> Result<&[f64], String> {
        match self.get(key) {
            Some(Entry::Numbers(numbers)) => Ok(numbers),
            _ => Err(format!("`{key}` must be a list of numbers")),
        }
    }

    pub fn number(&self, key: &str) -> Result<f64, String> {
        match self.get(key) {
            Some(Entry::Number(number)) => Ok(*number),
            _ => Err(format!("`{key}` must be a number")),
        }
    }

    /// A whole number from 1 to `max`. Where each layer has its own, all must be the same.
    pub fn count(&self, key: &str, max: usize) -> Result<usize, String> {
        let number = match self.get(key) {
            Some(Entry::Number(number)) => Some(*number),
            Some(Entry::Numbers(layers)) if layers.windows(2).all(|pair| pair[0] == pair[1]) => {
                layers.first().copied()
            }
            _ => None,
        };
        number
            .filter(|n| n.fract() == 0.0 && (1.0..=max as f64).contains(n))
            .map(|n| n as usize)
            .ok_or_else(|| format!("`{key}` must be a whole number from 1 to {max}"))
    }

    /// As [`Metadata::count`], or `None` where there is no such key.
    pub fn optional_count(&self, key: &str, max: usize) -> Result<Option<usize>, String> {
        self.get(key).map(|_| self.count(key, max)).transpose()
    }

    /// As [`Metadata::number`], or `None` where there is no such key.
    pub fn optional_number(&self, key: &str) -> Result<Option<f64>, String> {
        self.get(key).map(|_| self.number(key)).transpose()
    }

    /// Each layer's own number, or one for all of `layers`.
    pub fn by_layer(&self, key: &str, layers: usize) -> Result<Vec<f64>, String> {
        match self.get(key) {
            Some(Entry::Number(number)) => Ok(vec![*number; layers]),
            Some(Entry::Numbers(numbers)) if numbers.len() == layers => Ok(numbers.clone()),
            _ => Err(format!("`{key}` must have a number for each of the {layers} layers")),
        }
    }
}
