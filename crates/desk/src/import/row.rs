//! One row of a file as an item: what `import` and `score` accept alike. Pure; knows no workspace.
//!
//! [`ItemRow::parse`] reads a line of JSONL, [`ItemRow::subject`] turns the row into what a guard is asked. The same turning is
//! done for stored items by [`conversation`].

use std::collections::BTreeMap;

use saring_verdict::{ImageRef, Message, Role, Subject, Task};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ColumnMapping, Field, RowError, RowLabels, labels, value::Value};

/// An item as a file gives it, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// The id that it has where it comes from.
    pub id: Option<String>,
    /// The request. `None` with messages, or beside images.
    pub prompt: Option<String>,
    /// The answer.
    pub response: Option<String>,
    /// All turns, where the row came as a conversation; then prompt and response are `None`.
    pub messages: Option<Vec<Message>>,
    /// Paths of images as the file has them, relative to its folder. Not checked here.
    pub images: Vec<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// What a split must never separate.
    pub group: Option<String>,
    /// Verbatim JSON; columns that no field takes, where the row has no source of its own.
    pub source: Option<String>,
    /// Gold or prior labels.
    pub labels: Option<RowLabels>,
    /// Columns that no field takes, in the order of the row or of their names.
    pub unknown: Vec<String>,
    /// Whether the row has a source of its own; else the columns that no field takes are kept there.
    pub source_is_own: bool,
}

/// Which tasks of an item are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaskSelection {
    /// The response where there is one, else the prompt.
    #[default]
    Last,
    /// One task, where the item has it.
    Only(Task),
    /// Every task that the item has.
    All,
}

impl ItemRow {
    /// Reads one line of JSONL with fields under their own names.
    ///
    /// # Errors
    /// Why the row is no item, without any of its text.
    pub fn parse(line: &str) -> Result<Self, RowError> {
        Self::parse_mapped(line, &ColumnMapping::new())
    }

    /// Reads one line of JSONL.
    ///
    /// # Errors
    /// Why the row is no item, without any of its text.
    pub fn parse_mapped(line: &str, mapping: &ColumnMapping) -> Result<Self, RowError> {
        let object: BTreeMap<String, &RawValue> =
            serde_json::from_str(line).map_err(|error| RowError::from_json(&error))?;
        let mut found = BTreeMap::new();
        let mut taken = Vec::new();
        for field in Field::ALL {
            for column in mapping.columns(field) {
                if let Some(raw) = object.get(column) {
                    taken.push(column);
                    offer(&mut found, field, Value::Json(raw));
                } else if let Some((first, raw)) = nested(&object, column) {
                    taken.push(first);
                    offer(&mut found, field, Value::Json(raw));
                }
            }
        }
        let left: Vec<(&str, &RawValue)> = object
            .iter()
            .filter(|(key, _)| !taken.contains(&key.as_str()))
            .map(|(key, raw)| (key.as_str(), *raw))
            .collect();
        let mut row = Self::from_values(&found)?;
        row.unknown = left.iter().map(|(key, _)| (*key).to_owned()).collect();
        if row.source.is_none() && !left.is_empty() {
            row.source = serde_json::to_string(&left.into_iter().collect::<BTreeMap<_, _>>()).ok();
        }
        Ok(row)
    }

    /// Reads one record of a table.
    ///
    /// # Errors
    /// Why the row is no item, without any of its text.
    pub(super) fn parse_record(
        header: &[String],
        record: &[&str],
        mapping: &ColumnMapping,
    ) -> Result<Self, RowError> {
        let mut found = BTreeMap::new();
        let mut taken = vec![false; header.len()];
        for field in Field::ALL {
            for column in mapping.columns(field) {
                let Some(index) = header.iter().position(|c| c == column) else { continue };
                taken[index] = true;
                // An empty cell is an absent value; only the request may be empty, beside an answer or an image.
                if field == Field::Prompt || !record[index].is_empty() {
                    offer(&mut found, field, Value::Cell(record[index]));
                }
            }
        }
        let mut row = Self::from_values(&found)?;
        let left: serde_json::Map<_, _> = header
            .iter()
            .zip(record)
            .zip(&taken)
            .filter(|((_, cell), taken)| !**taken && !cell.is_empty())
            .map(|((column, cell), _)| (column.clone(), (*cell).into()))
            .collect();
        row.unknown = header.iter().zip(&taken).filter(|(_, t)| !**t).map(|(c, _)| c.clone()).collect();
        if row.source.is_none() && !left.is_empty() {
            row.source = Some(serde_json::Value::Object(left).to_string());
        }
        Ok(row)
    }

    fn from_values(found: &BTreeMap<Field, Value<'_>>) -> Result<Self, RowError> {
        let value = |field: Field| found.get(&field).copied();
        let name = |field: Field| value(field).map_or(Ok(None), |v| v.name(field));
        let text = |field: Field| value(field).map_or(Ok(None), |v| v.text(field));
        let messages = value(Field::Messages).map_or(Ok(None), read_messages)?;
        let mut row = Self {
            id: name(Field::Id)?,
            prompt: text(Field::Prompt)?,
            // An answer of no characters cannot be judged: it is the absence of one.
            response: text(Field::Response)?.filter(|r| !r.is_empty()),
            messages,
            images: value(Field::Images).map_or(Ok(Vec::new()), |v| v.texts(Field::Images))?,
            language: name(Field::Language)?,
            group: name(Field::Group)?,
            source: value(Field::Source).and_then(Value::verbatim),
            labels: labels::read(&value)?,
            unknown: Vec::new(),
            source_is_own: false,
        };
        row.source_is_own = row.source.is_some();
        row.check()?;
        Ok(row)
    }

    fn check(&mut self) -> Result<(), RowError> {
        if let Some(messages) = &self.messages {
            // A table has a cell for every column, empty or not.
            if self.prompt.as_ref().is_some_and(|p| !p.is_empty()) || self.response.is_some() {
                return Err(RowError::field(
                    Field::Messages,
                    "stands beside a prompt or a response; give one or the other",
                ));
            }
            self.prompt = None;
            let last = messages.last().ok_or(RowError::NothingToJudge)?;
            if last.role == Role::System {
                return Err(RowError::field(Field::Messages, "ends with a system turn, which nobody judges"));
            }
            if last.content.trim().is_empty() && self.images.is_empty() {
                return Err(RowError::NothingToJudge);
            }
            return Ok(());
        }
        let prompt_is_blank = self.prompt.as_ref().is_none_or(|p| p.trim().is_empty());
        if self.images.is_empty() {
            let response_is_blank = self.response.as_ref().is_none_or(|r| r.trim().is_empty());
            if prompt_is_blank && response_is_blank {
                return Err(RowError::NothingToJudge);
            }
            if self.prompt.is_none() {
                return Err(RowError::NoPrompt);
            }
        }
        Ok(())
    }

    /// Everything that it says in words: request and answer, or the turns.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.asked().chain(self.answer())
    }

    /// Its texts without that of [`answer`](Self::answer).
    pub fn asked(&self) -> impl Iterator<Item = &str> {
        let turns = self.turns().0.iter().map(|m| m.content.as_str());
        self.prompt.as_deref().into_iter().chain(turns)
    }

    /// The answer, or a last turn of an assistant.
    pub fn answer(&self) -> Option<&str> {
        self.response.as_deref().or_else(|| self.turns().1.map(|m| m.content.as_str()))
    }

    /// Turns, and a last one of an assistant.
    fn turns(&self) -> (&[Message], Option<&Message>) {
        let turns = self.messages.as_deref().unwrap_or_default();
        match turns.split_last() {
            Some((last, before)) if last.role == Role::Assistant => (before, Some(last)),
            _ => (turns, None),
        }
    }

    /// What of this row can be judged.
    pub fn tasks(&self) -> Vec<Task> {
        match &self.messages {
            Some(messages) => match messages.last().map(|m| m.role) {
                Some(Role::Assistant) => vec![Task::Response],
                _ => vec![Task::Prompt],
            },
            None if self.response.is_some() => vec![Task::Prompt, Task::Response],
            None => vec![Task::Prompt],
        }
    }

    /// Those of [`tasks`](Self::tasks) that are wanted; empty if the row has none of them.
    pub fn selected(&self, selection: TaskSelection) -> Vec<Task> {
        let tasks = self.tasks();
        match selection {
            TaskSelection::All => tasks,
            TaskSelection::Last => tasks.last().copied().into_iter().collect(),
            TaskSelection::Only(task) => tasks.into_iter().filter(|t| *t == task).collect(),
        }
    }

    /// What a guard is asked about `task`, which is one of [`tasks`](Self::tasks); `images` are those of the row, resolved.
    pub fn subject(&self, task: Task, images: &[ImageRef]) -> Subject {
        Subject {
            task,
            messages: conversation(
                task,
                self.prompt.as_deref(),
                self.response.as_deref(),
                self.messages.as_deref(),
            ),
            images: images.to_vec(),
        }
    }

    /// What a guard is asked about each wanted task.
    pub fn subjects(&self, selection: TaskSelection, images: &[ImageRef]) -> Vec<Subject> {
        self.selected(selection).into_iter().map(|task| self.subject(task, images)).collect()
    }
}

/// The turns that a guard reads to judge `task`: a conversation as it came, else the request and, for the response task, the
/// answer.
pub fn conversation(
    task: Task,
    prompt: Option<&str>,
    response: Option<&str>,
    messages: Option<&[Message]>,
) -> Vec<Message> {
    if let Some(messages) = messages {
        return messages.to_vec();
    }
    let mut turns = vec![Message { role: Role::User, content: prompt.unwrap_or_default().to_owned() }];
    if task == Task::Response {
        turns.push(Message { role: Role::Assistant, content: response.unwrap_or_default().to_owned() });
    }
    turns
}

#[derive(Deserialize)]
struct MessageJson {
    role: String,
    content: Option<String>,
}

fn read_messages(value: Value<'_>) -> Result<Option<Vec<Message>>, RowError> {
    const EXPECTED: &str = "is not a list of {\"role\", \"content\"} with texts as contents";
    let Some(turns) = value.structured::<Vec<MessageJson>>(Field::Messages, EXPECTED)? else {
        return Ok(None);
    };
    let turn = |turn: MessageJson| {
        let role = match turn.role.as_str() {
            "system" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => {
                return Err(RowError::field(
                    Field::Messages,
                    "has a role that is none of system, user, assistant",
                ));
            }
        };
        Ok(Message { role, content: turn.content.unwrap_or_default() })
    };
    turns.into_iter().map(turn).collect::<Result<Vec<_>, _>>().map(Some)
}

/// Takes a value for a field. The first column wins, unless it holds nothing: an exporter that has both columns fills one.
fn offer<'a>(found: &mut BTreeMap<Field, Value<'a>>, field: Field, value: Value<'a>) {
    let slot = found.entry(field).or_insert(value);
    if slot.is_nothing() {
        *slot = value;
    }
}

/// Follows a dotted path into nested objects; gives its first key and the value at its end.
fn nested<'a, 'c>(
    object: &BTreeMap<String, &'a RawValue>,
    column: &'c str,
) -> Option<(&'c str, &'a RawValue)> {
    let (first, mut path) = column.split_once('.')?;
    let mut raw: &'a RawValue = object.get(first)?;
    loop {
        let inner: BTreeMap<String, &'a RawValue> = serde_json::from_str(raw.get()).ok()?;
        if let Some(found) = inner.get(path) {
            return Some((first, found));
        }
        let (key, rest) = path.split_once('.')?;
        raw = inner.get(key)?;
        path = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_of_nothing_lets_the_text_be_read() {
        let row = ItemRow::parse(r#"{"prompt": null, "text": "hi"}"#).expect("a row");
        assert_eq!(row.prompt.as_deref(), Some("hi"), "null is no request");
        let row = ItemRow::parse(r#"{"prompt": "first", "text": "second"}"#).expect("a row");
        assert_eq!(row.prompt.as_deref(), Some("first"), "the first column wins");
        let row = ItemRow::parse(r#"{"prompt": "first", "text": null}"#).expect("a row");
        assert_eq!(row.prompt.as_deref(), Some("first"));

        let header = ["prompt".to_owned(), "text".to_owned()];
        let record = |cells: &[&str]| ItemRow::parse_record(&header, cells, &ColumnMapping::new());
        assert_eq!(record(&["", "hi"]).expect("a row").prompt.as_deref(), Some("hi"), "an empty cell");
        assert_eq!(record(&["first", "hi"]).expect("a row").prompt.as_deref(), Some("first"));
        assert_eq!(record(&["", ""]), Err(RowError::NothingToJudge));
    }
}
