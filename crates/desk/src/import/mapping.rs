//! Which column of a file holds which field of an item.
//!
//! A [`ColumnMapping`] is what `--map field=column` and the import screen say. A field that is not mapped is read from the
//! column of its own name. In JSON a column is a key, or a dotted path into nested objects.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A field of an item, as a file can give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The id that the row has where it comes from.
    Id,
    /// The request.
    Prompt,
    /// The answer.
    Response,
    /// A conversation: `[{"role", "content"}]`.
    Messages,
    /// Paths of images, relative to the file's folder.
    Images,
    /// BCP 47.
    Language,
    /// What a split must never separate.
    Group,
    /// Anything, kept as it is.
    Source,
    /// Labels by task.
    Labels,
    /// "gold" or "prior".
    LabelsRole,
    /// The label of the request, where it has a column of its own.
    PromptLabel,
    /// The categories of the request, where they have a column of their own.
    PromptCategories,
    /// The label of the answer.
    ResponseLabel,
    /// The categories of the answer.
    ResponseCategories,
    /// Whether the answer is a refusal.
    ResponseRefusal,
}

impl Field {
    /// Every field, in the order in which they are offered.
    pub const ALL: [Self; 15] = [
        Self::Id,
        Self::Prompt,
        Self::Response,
        Self::Messages,
        Self::Images,
        Self::Language,
        Self::Group,
        Self::Source,
        Self::Labels,
        Self::LabelsRole,
        Self::PromptLabel,
        Self::PromptCategories,
        Self::ResponseLabel,
        Self::ResponseCategories,
        Self::ResponseRefusal,
    ];

    /// The name used in files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Prompt => "prompt",
            Self::Response => "response",
            Self::Messages => "messages",
            Self::Images => "images",
            Self::Language => "language",
            Self::Group => "group",
            Self::Source => "source",
            Self::Labels => "labels",
            Self::LabelsRole => "labels_role",
            Self::PromptLabel => "prompt_label",
            Self::PromptCategories => "prompt_categories",
            Self::ResponseLabel => "response_label",
            Self::ResponseCategories => "response_categories",
            Self::ResponseRefusal => "response_refusal",
        }
    }

    /// Columns that are taken for this field when nothing else is said, best first.
    pub const fn own_columns(self) -> &'static [&'static str] {
        match self {
            Self::Prompt => &["prompt", "text"],
            Self::Id => &["id"],
            Self::Response => &["response"],
            Self::Messages => &["messages"],
            Self::Images => &["images", "image"],
            Self::Language => &["language"],
            Self::Group => &["group"],
            Self::Source => &["source"],
            Self::Labels => &["labels"],
            Self::LabelsRole => &["labels_role"],
            Self::PromptLabel => &["prompt_label"],
            Self::PromptCategories => &["prompt_categories"],
            Self::ResponseLabel => &["response_label"],
            Self::ResponseCategories => &["response_categories"],
            Self::ResponseRefusal => &["response_refusal"],
        }
    }

    /// Other names under which people keep this field; offered by a preview, never taken without being asked.
    pub(super) const fn other_columns(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["item_id", "uuid", "uid", "_id", "content_id"],
            Self::Prompt => {
                &["content", "body", "comment", "message", "input", "question", "instruction", "query"]
            }
            Self::Response => &["answer", "output", "completion", "reply", "assistant"],
            Self::Messages => &["conversation", "conversations", "turns", "chat"],
            Self::Images => &["image_path", "media", "file_name"],
            Self::Language => &["lang", "locale"],
            Self::Group => &["group_id", "group_key", "cluster"],
            Self::PromptLabel => &["label"],
            _ => &[],
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a mapping cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// No `=`.
    #[error("{found:?} is not of the form field=column")]
    NoColumn {
        /// What was given.
        found: String,
    },
    /// A field that items do not have.
    #[error("items have no field {found:?}; the fields are {}", Field::ALL.map(Field::as_str).join(", "))]
    UnknownField {
        /// What was given.
        found: String,
    },
}

impl FromStr for Field {
    type Err = MappingError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let own = Self::ALL.into_iter().find(|f| f.own_columns().contains(&name));
        own.ok_or_else(|| MappingError::UnknownField { found: name.to_owned() })
    }
}

/// Which column holds which field; fields that are not named are read from the column of their own name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ColumnMapping(BTreeMap<Field, String>);

impl ColumnMapping {
    /// Every field from the column of its own name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `field` from `column`.
    pub fn set(&mut self, field: Field, column: impl Into<String>) {
        self.0.insert(field, column.into());
    }

    /// Reads rules of the form `field=column`.
    ///
    /// # Errors
    /// The first rule that cannot be understood.
    pub fn parse<S: AsRef<str>>(rules: &[S]) -> Result<Self, MappingError> {
        let mut mapping = Self::new();
        for rule in rules {
            let rule = rule.as_ref();
            let (field, column) =
                rule.split_once('=').ok_or_else(|| MappingError::NoColumn { found: rule.to_owned() })?;
            if column.trim().is_empty() {
                return Err(MappingError::NoColumn { found: rule.to_owned() });
            }
            mapping.set(field.trim().parse()?, column.trim());
        }
        Ok(mapping)
    }

    /// The column that `field` was mapped to, if it was.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.0.get(&field).map(String::as_str)
    }

    /// What was mapped, in the order of the fields.
    pub fn rules(&self) -> impl Iterator<Item = (Field, &str)> {
        self.0.iter().map(|(field, column)| (*field, column.as_str()))
    }

    /// Columns to look for `field` in, best first.
    pub(super) fn columns(&self, field: Field) -> Vec<&str> {
        self.get(field).map_or_else(|| field.own_columns().to_vec(), |column| vec![column])
    }

    /// Adds a guess for each field that `columns` does not have by its own name.
    pub(super) fn guess(&self, columns: &[String]) -> Self {
        let mut guessed = self.clone();
        for field in Field::ALL {
            if self.get(field).is_some() {
                continue;
            }
            let same = |name: &&str| columns.iter().find(|c| c.eq_ignore_ascii_case(name)).cloned();
            let own = field.own_columns().iter().find_map(same);
            let taken = |c: &String| guessed.0.values().any(|t| t == c) || is_own_column(c);
            let other = || field.other_columns().iter().find_map(same).filter(|c| !taken(c));
            if let Some(column) = own.or_else(other) {
                guessed.set(field, column);
            }
        }
        guessed
    }
}

fn is_own_column(column: &str) -> bool {
    Field::ALL.into_iter().any(|f| f.own_columns().contains(&column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_a_field_and_a_column_and_text_is_the_prompt() {
        let mapping = ColumnMapping::parse(&["text=data.body", "id = key"]).expect("both are rules");
        assert_eq!(mapping.get(Field::Prompt), Some("data.body"));
        assert_eq!(mapping.get(Field::Id), Some("key"));
        assert!(matches!(ColumnMapping::parse(&["prompt"]), Err(MappingError::NoColumn { .. })));
        let error = ColumnMapping::parse(&["promt=x"]).expect_err("a slip");
        assert!(error.to_string().contains("prompt, response"), "it says which fields there are: {error}");
    }

    #[test]
    fn a_guess_takes_own_names_first_and_each_column_once() {
        let columns = ["uuid", "Text", "answer", "lang", "comment"].map(str::to_owned);
        let guess = ColumnMapping::new().guess(&columns);
        assert_eq!(guess.get(Field::Id), Some("uuid"));
        assert_eq!(guess.get(Field::Prompt), Some("Text"), "case does not matter to a guess");
        assert_eq!(guess.get(Field::Response), Some("answer"));
        assert_eq!(guess.get(Field::Language), Some("lang"));
        assert_eq!(guess.get(Field::Messages), None);
    }
}
