//! Decisions as a table: how a team's decisions get back to the platform that the items came from.

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::categories;
use crate::{
    Error, Result,
    policy::Policy,
    store::exports::{DecidedRow, ExportRow},
};

/// One decision in force. The order of the fields is that of the columns.
#[derive(Serialize)]
struct Row<'a> {
    id: Option<&'a str>,
    item_id: &'a str,
    source: Option<Box<RawValue>>,
    language: Option<&'a str>,
    task: &'a str,
    kind: &'a str,
    label: Option<&'a str>,
    categories: Vec<String>,
    refusal: Option<bool>,
    note: Option<&'a str>,
    reason: Option<&'a str>,
    reviewer: &'a str,
    decided_at: &'a str,
    anchored: bool,
    draw_id: Option<&'a str>,
    flagged: bool,
    synthetic: bool,
    decision_id: &'a str,
    policy: Option<String>,
}

pub(super) const COLUMNS: [&str; 19] = [
    "id",
    "item_id",
    "source",
    "language",
    "task",
    "kind",
    "label",
    "categories",
    "refusal",
    "note",
    "reason",
    "reviewer",
    "decided_at",
    "anchored",
    "draw_id",
    "flagged",
    "synthetic",
    "decision_id",
    "policy",
];

/// A decision, made under `policy`, as a line of JSONL and as a line of CSV, their ends included.
pub(super) fn lines(
    row: &ExportRow,
    decision: &DecidedRow,
    policy: Option<&Policy>,
) -> Result<(String, Vec<u8>)> {
    let source = row.source.as_deref();
    let fields = Row {
        id: row.external_id.as_deref(),
        item_id: &row.item_id,
        // Verbatim: numbers keep their digits, keys their order.
        source: source.and_then(|s| RawValue::from_string(s.to_owned()).ok()),
        language: row.language.as_deref(),
        task: &row.task,
        kind: &decision.kind,
        label: decision.label.as_deref(),
        categories: categories(decision),
        refusal: decision.refusal,
        note: decision.note.as_deref(),
        reason: decision.reason.as_deref(),
        reviewer: &decision.reviewer,
        decided_at: &decision.decided_at,
        anchored: decision.anchored,
        draw_id: decision.draw_id.as_deref(),
        flagged: row.flagged,
        synthetic: decision.synthetic,
        decision_id: &decision.id,
        policy: policy.map(Policy::reference),
    };
    let unwritable = |_| Error::invalid("source", format!("that of item {} is no JSON", row.item_id));
    let mut json = serde_json::to_string(&fields).map_err(unwritable)?;
    json.push('\n');
    Ok((json, csv_line(&cells(&fields, source))))
}

fn cells<'a>(fields: &'a Row<'a>, source: Option<&'a str>) -> [String; 19] {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let yes_or_no = |value: bool| if value { "yes" } else { "no" }.to_owned();
    [
        text(fields.id),
        fields.item_id.to_owned(),
        text(source),
        text(fields.language),
        fields.task.to_owned(),
        fields.kind.to_owned(),
        text(fields.label),
        fields.categories.join("; "),
        fields.refusal.map(yes_or_no).unwrap_or_default(),
        text(fields.note),
        text(fields.reason),
        fields.reviewer.to_owned(),
        fields.decided_at.to_owned(),
        yes_or_no(fields.anchored),
        text(fields.draw_id),
        yes_or_no(fields.flagged),
        yes_or_no(fields.synthetic),
        fields.decision_id.to_owned(),
        text(fields.policy.as_deref()),
    ]
}

/// One record, quoted where needed.
pub(super) fn csv_line<T: AsRef<[u8]>>(cells: &[T]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(cells);
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::verdicts::ContentRow;

    #[test]
    fn values_are_verbatim_in_both_forms() {
        let row = ExportRow {
            awaiting: None,
            seq: 1,
            item_id: "i".into(),
            external_id: Some("=1+1".into()),
            source: Some("{\"n\":1.50,\"a\":\"x,y\"}".into()),
            language: None,
            group_key: None,
            content_hash: "h".into(),
            task: "response".into(),
            flagged: false,
            content: ContentRow::default(),
            decision: None,
        };
        let decision = DecidedRow {
            id: "d".into(),
            kind: "label".into(),
            label: Some("unsafe".into()),
            categories: Some("[\"PII\",\"Violent\"]".into()),
            refusal: Some(false),
            note: Some("two\nlines".into()),
            reason: None,
            reviewer: "ana".into(),
            decided_at: "2026-01-01T00:00:00.000Z".into(),
            anchored: true,
            draw_id: None,
            synthetic: false,
            policy_id: None,
        };
        let (json, csv) = lines(&row, &decision, None).unwrap();
        assert!(json.contains("\"source\":{\"n\":1.50,\"a\":\"x,y\"}"), "not reformatted: {json}");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_slice());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.len(), COLUMNS.len());
        assert_eq!(&record[0], "=1+1", "an id must come back as it was");
        assert_eq!(&record[7], "PII; Violent");
        assert_eq!(&record[8], "no");
        assert_eq!(&record[9], "two\nlines");
    }
}
