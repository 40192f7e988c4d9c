//! Labels that come with a file: gold or prior, never decisions.

use saring_verdict::{Severity, Task};
use serde::{Deserialize, Serialize};

use super::{Field, RowError, value::Value};

/// What the labels of a file are taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelsRole {
    /// The truth that guards are measured against. Taken where a row has labels and does not say which.
    #[default]
    Gold,
    /// Somebody's earlier opinion; kept with the item, measured against nothing.
    Prior,
}

impl LabelsRole {
    /// The name used in the database and in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gold => "gold",
            Self::Prior => "prior",
        }
    }
}

/// The label that came for one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLabel {
    /// Native label as the file has it.
    pub native: String,
    /// What it counts as when guards are measured; see [`gold_severity`].
    pub severity: Severity,
    /// Categories as the file has them.
    pub categories: Vec<String>,
    /// Whether the response is a refusal, where the file says so.
    pub refusal: Option<bool>,
}

/// The labels that came with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowLabels {
    /// Verbatim JSON, or the JSON made from the columns of a table.
    pub verbatim: String,
    /// Gold or prior.
    pub role: LabelsRole,
    /// For the request.
    pub prompt: Option<TaskLabel>,
    /// For the answer.
    pub response: Option<TaskLabel>,
}

impl RowLabels {
    /// The label for `task`.
    pub fn task(&self, task: Task) -> Option<&TaskLabel> {
        match task {
            Task::Prompt => self.prompt.as_ref(),
            Task::Response => self.response.as_ref(),
        }
    }
}

/// What a native label of a data set counts as when guards are measured against it. `None` for a word that is no label.
///
/// Severities stand for themselves. Data sets of the SEA-Guard family say safe, sensitive, and harmful or unsafe; their
/// authors' scoring code counts "sensitive" as safe for prompts and as harmful for responses, and so is it here. The native
/// word stays in the labels that are kept verbatim.
pub fn gold_severity(task: Task, native_label: &str) -> Option<Severity> {
    match native_label.trim().to_ascii_lowercase().as_str() {
        "harmful" => Some(Severity::Unsafe),
        "sensitive" => Some(match task {
            Task::Prompt => Severity::Safe,
            Task::Response => Severity::Unsafe,
        }),
        other => other.parse().ok(),
    }
}

#[derive(Deserialize)]
struct LabelsJson {
    prompt: Option<TaskLabelJson>,
    response: Option<TaskLabelJson>,
}

#[derive(Deserialize)]
struct TaskLabelJson {
    label: Option<String>,
    #[serde(default)]
    categories: Option<Vec<String>>,
    #[serde(default)]
    refusal: Option<bool>,
}

const LABELS_EXPECTED: &str = "is not of the form {\"prompt\": {\"label\", \"categories\"}, \"response\": {\"label\", \"categories\", \"refusal\"}}";

/// Reads the labels of a row from the field `labels`, or from columns of their own; `value` finds a field's value.
pub(super) fn read<'a>(value: &dyn Fn(Field) -> Option<Value<'a>>) -> Result<Option<RowLabels>, RowError> {
    let role = match value(Field::LabelsRole).map(|v| v.name(Field::LabelsRole)).transpose()?.flatten() {
        None => LabelsRole::default(),
        Some(word) if word.eq_ignore_ascii_case("gold") => LabelsRole::Gold,
        Some(word) if word.eq_ignore_ascii_case("prior") => LabelsRole::Prior,
        Some(_) => return Err(RowError::field(Field::LabelsRole, "is neither gold nor prior")),
    };
    if let Some(labels) = value(Field::Labels)
        && let Some(json) = labels.structured::<LabelsJson>(Field::Labels, LABELS_EXPECTED)?
    {
        let prompt = json.prompt.map(|l| task_label(Task::Prompt, Field::Labels, l)).transpose()?.flatten();
        let response =
            json.response.map(|l| task_label(Task::Response, Field::Labels, l)).transpose()?.flatten();
        let verbatim = labels.verbatim().unwrap_or_default();
        return Ok(Some(RowLabels { verbatim, role, prompt, response }));
    }
    let prompt = read_columns(value, Task::Prompt, Field::PromptLabel, Field::PromptCategories)?;
    let response = read_columns(value, Task::Response, Field::ResponseLabel, Field::ResponseCategories)?;
    if prompt.is_none() && response.is_none() {
        return Ok(None);
    }
    let verbatim = as_json(prompt.as_ref(), response.as_ref());
    Ok(Some(RowLabels { verbatim, role, prompt, response }))
}

fn read_columns<'a>(
    value: &dyn Fn(Field) -> Option<Value<'a>>,
    task: Task,
    label: Field,
    categories: Field,
) -> Result<Option<TaskLabel>, RowError> {
    let Some(native) = value(label).map(|v| v.name(label)).transpose()?.flatten() else { return Ok(None) };
    let categories = value(categories).map(|v| v.texts(categories)).transpose()?;
    let refusal = match task {
        Task::Prompt => None,
        Task::Response => {
            let refusal = Field::ResponseRefusal;
            value(refusal).map(|v| v.yes_or_no(refusal)).transpose()?.flatten()
        }
    };
    task_label(task, label, TaskLabelJson { label: Some(native), categories, refusal })
}

fn task_label(task: Task, field: Field, json: TaskLabelJson) -> Result<Option<TaskLabel>, RowError> {
    let Some(native) = json.label.filter(|l| !l.trim().is_empty()) else { return Ok(None) };
    let severity = gold_severity(task, &native).ok_or_else(|| {
        RowError::field(field, "has a label that is none of safe, controversial, unsafe, sensitive, harmful")
    })?;
    let categories = json.categories.unwrap_or_default();
    let categories = categories.into_iter().filter(|c| !c.eq_ignore_ascii_case("none")).collect();
    let refusal = json.refusal.filter(|_| task == Task::Response);
    Ok(Some(TaskLabel { native, severity, categories, refusal }))
}

fn as_json(prompt: Option<&TaskLabel>, response: Option<&TaskLabel>) -> String {
    let one = |label: &TaskLabel| {
        let mut object = serde_json::Map::new();
        object.insert("label".to_owned(), label.native.as_str().into());
        if !label.categories.is_empty() {
            object.insert("categories".to_owned(), label.categories.clone().into());
        }
        if let Some(refusal) = label.refusal {
            object.insert("refusal".to_owned(), refusal.into());
        }
        serde_json::Value::Object(object)
    };
    let mut object = serde_json::Map::new();
    for (name, label) in [("prompt", prompt), ("response", response)] {
        if let Some(label) = label {
            object.insert(name.to_owned(), one(label));
        }
    }
    serde_json::Value::Object(object).to_string()
}
