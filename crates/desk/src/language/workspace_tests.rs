//! Languages and Zawgyi through a workspace: imported, counted, corrected, searched, audited.

use super::{LanguageCorrection, LanguageFrom};
use crate::{
    Code,
    audit::Problem,
    fixture::{Fixture, QUEUE},
    review::Gesture,
};

const ZAWGYI: &str = "ျမန္မာစာကို ေဇာ္ဂ်ီျဖင့္ ေရးသားထားသည္";
const UNICODE: &str = "မြန်မာစာကို ဇော်ဂျီဖြင့် ရေးသားထားသည်";

fn row(id: &str, prompt: &str, language: Option<&str>) -> String {
    serde_json::json!({ "id": id, "prompt": prompt, "language": language }).to_string()
}

async fn fixture() -> Fixture {
    let rows = [
        row("said", "สวัสดีครับ ผมชื่อสมชาย", Some("th-TH")),
        row("thai", "สวัสดีครับ ผมชื่อสมชาย ยินดีที่ได้รู้จัก", None),
        row("unsure", "ok lol", None),
        row("zawgyi", ZAWGYI, None),
        row("unicode", UNICODE, None),
    ];
    let fixture = Fixture::new().await;
    let report = fixture.import("rows.jsonl", rows.join("\n").as_bytes()).await;
    assert_eq!((report.added, report.detected, report.zawgyi), (5, 3, 1), "{report:?}");
    fixture
}

async fn languages(fixture: &Fixture) -> Vec<(Option<String>, Option<LanguageFrom>)> {
    let mut found = Vec::new();
    for id in fixture.ids().await {
        let item = fixture.workspace.item(&id).await.unwrap();
        found.push((item.language, item.language_from));
    }
    found
}

fn correction(item_id: &str, language: &str) -> LanguageCorrection {
    LanguageCorrection { item_id: item_id.into(), language: language.into(), reviewer: "ana".into() }
}

#[tokio::test]
async fn an_item_says_whether_its_language_came_with_it_or_was_detected() {
    let fixture = fixture().await;
    let told = |tag: &str, from| (Some(tag.to_owned()), Some(from));
    assert_eq!(
        languages(&fixture).await,
        [
            told("th-TH", LanguageFrom::File),
            told("th", LanguageFrom::Detected),
            (None, None),
            told("my", LanguageFrom::Detected),
            told("my", LanguageFrom::Detected),
        ]
    );
}

#[tokio::test]
async fn a_correction_holds_is_counted_and_can_be_corrected_again() {
    let fixture = fixture().await;
    let ids = fixture.ids().await;
    for (id, language) in [(&ids[1], "lo"), (&ids[1], "km"), (&ids[2], "en"), (&ids[0], "und")] {
        fixture.workspace.correct_language(&correction(id, language)).await.unwrap();
    }
    let found = languages(&fixture).await;
    assert_eq!(found[0], (None, Some(LanguageFrom::Corrected)));
    assert_eq!(found[1], (Some("km".into()), Some(LanguageFrom::Corrected)));
    assert_eq!(found[2], (Some("en".into()), Some(LanguageFrom::Corrected)));
    let counted = fixture.workspace.queue_overview(QUEUE).await.unwrap().languages;
    let of = |tag: &str| counted.iter().find(|c| c.language == tag).map(|c| c.items);
    assert_eq!(counted.iter().map(|c| c.items).sum::<u64>(), 5, "{counted:?}");
    assert_eq!(
        (of("km"), of("und"), of("en"), of("my")),
        (Some(1), Some(1), Some(1), Some(2)),
        "{counted:?}"
    );
    assert_eq!(fixture.workspace.verify(None).await.unwrap().problems, [], "the import's event still holds");
}

#[tokio::test]
async fn what_is_no_tag_and_items_in_quarantine_are_refused() {
    let fixture = fixture().await;
    let id = &fixture.ids().await[0];
    let refused = fixture.workspace.correct_language(&correction(id, "burmese")).await.unwrap_err();
    assert_eq!(refused.code(), Code::Invalid);
    fixture.workspace.quarantine(&Gesture::new(id, "ana")).await.unwrap();
    let refused = fixture.workspace.correct_language(&correction(id, "my")).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn an_audit_finds_what_was_done_to_languages_behind_the_programs_back() {
    for sql in [
        "UPDATE items SET language = 'en' WHERE language_from = 'corrected'",
        "UPDATE items SET language_from = NULL WHERE language_from = 'corrected'",
        "UPDATE items SET language_from = 'corrected', imported_language = language, language = 'en' WHERE line = 4",
        "UPDATE items SET imported_language = 'en' WHERE language_from = 'corrected'",
        "UPDATE language_corrections SET language = 'en'",
        "DELETE FROM language_corrections",
    ] {
        let fixture = fixture().await;
        let id = &fixture.ids().await[1];
        fixture.workspace.correct_language(&correction(id, "km")).await.unwrap();
        fixture.tamper(sql).await;
        let found = fixture.workspace.verify(None).await.unwrap().problems;
        assert!(
            found.iter().any(|problem| matches!(
                problem,
                Problem::LanguageEdited { .. }
                    | Problem::ItemsEdited { .. }
                    | Problem::RowEdited { .. }
                    | Problem::RowDeleted { .. }
            )),
            "{sql}: {found:?}"
        );
    }
}

#[tokio::test]
async fn zawgyi_stays_as_it_came_is_found_in_both_encodings_and_shown_in_unicode() {
    let fixture = fixture().await;
    let ids = fixture.ids().await;
    let item = fixture.workspace.item(&ids[3]).await.unwrap();
    assert_eq!(item.turns[0].content, ZAWGYI, "the bytes are kept");
    assert_eq!(item.in_unicode.as_deref(), Some(&[UNICODE.to_owned()][..]));
    assert_eq!(fixture.workspace.item(&ids[4]).await.unwrap().in_unicode, None);
    for (query, expected) in [("ေဇာ္ဂ်ီ", vec![&ids[3]]), ("ဇော်ဂျီ", vec![&ids[3], &ids[4]])]
    {
        let found = fixture.workspace.search(QUEUE, query, 10).await.unwrap();
        assert_eq!(found.rows.iter().map(|row| &row.id).collect::<Vec<_>>(), expected, "{query}");
    }
}
