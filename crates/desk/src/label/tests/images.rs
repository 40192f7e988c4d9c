//! Runs over items with images: who is asked about them, and with what.

use std::{path::Path, sync::Arc};

use saring_verdict::{DeviceChoice, Family, PrecisionChoice, VerdictNote};

use crate::label::*;
use crate::{
    Code,
    engine::{EngineHandle, scripted, scripted::Seen},
    fixture::{Fixture, QUEUE},
    guards::NewGuard,
    media::{Keeping, path_of, picture},
    queue::Mode,
    review::{Gesture, ItemView, VerdictSlot, VerdictView},
};

/// A text, a picture with a text and a picture alone, kept so.
pub(super) async fn fixture(keeping: Keeping) -> Fixture {
    let rows = [
        r#"{"id":"text","prompt":"good"}"#,
        r#"{"id":"both","prompt":"bad","images":["a.png","b.png"]}"#,
        r#"{"id":"picture","prompt":"","images":["b.png"]}"#,
    ];
    fixture_of(&rows, keeping).await
}

/// These rows, beside which the pictures `a.png` and `b.png` lie.
pub(super) async fn fixture_of(rows: &[&str], keeping: Keeping) -> Fixture {
    let fixture = Fixture::new().await;
    fixture.write("in/a.png", &picture::tests::png(3, 2));
    fixture.write("in/b.png", &picture::tests::png(5, 4));
    let path = fixture.write("in/rows.jsonl", rows.join("\n").as_bytes());
    let request = crate::import::ImportRequest { keeping, ..fixture.request(vec![path], &[]) };
    let cancel = saring_verdict::Cancel::new();
    let report = fixture.workspace.import(&request, &mut |_| (), &cancel).await.unwrap();
    assert_eq!((report.added, report.failed), (rows.len() as u64, 0), "{:?}", report.errors);
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.unwrap();
    fixture
}

/// A guard of that name, which reads images or not.
pub(super) async fn guard(fixture: &Fixture, name: &str, images: bool) -> (EngineHandle, Arc<Seen>) {
    let path = fixture.write(&format!("{name}/weights"), name.as_bytes()).parent().unwrap().to_owned();
    if images {
        std::fs::write(path.join("images"), "").unwrap();
    }
    let (engine, seen) = scripted::handle(Family::SeaGuard);
    fixture.workspace.add_guard(&engine, NewGuard { path, ..NewGuard::default() }, |_| ()).await.unwrap();
    (engine, seen)
}

pub(super) fn order(guard: &str) -> LabelOrder {
    LabelOrder {
        queue: QUEUE.into(),
        guard: Some(guard.into()),
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Auto,
        pixels_max: None,
    }
}

async fn run(fixture: &Fixture, engine: &EngineHandle, order: LabelOrder) -> RunProgress {
    fixture.workspace.start_label_run(engine, order).await.unwrap().finish().await.unwrap()
}

fn verdict(item: &ItemView) -> VerdictView {
    match &item.tasks[0].verdict {
        VerdictSlot::Shown(verdicts) => verdicts[0].clone(),
        other => panic!("no verdict: {other:?}"),
    }
}

#[tokio::test]
async fn a_guard_that_reads_images_gets_them_in_their_order_and_by_their_hash() {
    let fixture = fixture(Keeping::Copy).await;
    let (engine, seen) = guard(&fixture, "eyes", true).await;
    let progress = run(&fixture, &engine, order("eyes")).await;
    assert_eq!((progress.total, progress.judged, progress.left_out), (3, 3, 0));
    let item = fixture.workspace.item(&fixture.ids().await[1]).await.unwrap();
    let images = seen.images.lock().unwrap().clone();
    let hashes: Vec<&str> = images.iter().map(|image| image.sha256.as_str()).collect();
    let [a, b] = [&item.images[0].sha256, &item.images[1].sha256];
    assert_eq!(hashes, [b, a, b], "of the third item, which has one, then of the second");
    assert_eq!(images[1].path, path_of(fixture.workspace.media_dir(), a), "the copy in the workspace");
    let request = seen.loaded.lock().unwrap().last().cloned().unwrap();
    assert_eq!(request.features_dir, Some(fixture.workspace.features_dir()));
}

#[tokio::test]
async fn a_guard_that_reads_text_alone_is_never_asked_without_the_picture() {
    let fixture = fixture(Keeping::Copy).await;
    let (engine, seen) = guard(&fixture, "blind", false).await;
    let progress = run(&fixture, &engine, order("blind")).await;
    assert_eq!((progress.total, progress.judged, progress.left_out), (1, 1, 2));
    assert!(progress.notes[0].starts_with("2 items with images were left out"), "{:?}", progress.notes);
    assert!(seen.images.lock().unwrap().is_empty());
    let recorded = &fixture.workspace.runs(1).await.unwrap()[0];
    assert_eq!(recorded.left_out, 2, "and kept with the run");
    assert!(recorded.note.as_deref().unwrap_or_default().contains("reads text only"));
    fixture.workspace.set_default_guard("blind").await.unwrap();
    assert_eq!(fixture.workspace.unlabelled_items(QUEUE).await.unwrap(), 0, "nothing is left for this guard");
    let item = fixture.workspace.item(&fixture.ids().await[1]).await.unwrap();
    assert_eq!(item.tasks[0].verdict, VerdictSlot::Absent);
}

#[tokio::test]
async fn the_note_of_a_picture_without_a_text_is_kept_and_vouched_for() {
    let fixture = fixture(Keeping::Copy).await;
    let (engine, _) = guard(&fixture, "eyes", true).await;
    run(&fixture, &engine, order("eyes")).await;
    let ids = fixture.ids().await;
    let [text, alone] = [&ids[0], &ids[2]];
    let item = fixture.workspace.item(alone).await.unwrap();
    assert_eq!(verdict(&item).verdict.notes, [VerdictNote::ImageWithoutText]);
    let item = fixture.workspace.item(text).await.unwrap();
    assert_eq!(verdict(&item).verdict.notes, []);
    assert!(fixture.workspace.verify(None).await.unwrap().holds());
    fixture.tamper("UPDATE verdicts SET details = '{}' WHERE details IS NOT NULL").await;
    let report = fixture.workspace.verify(None).await.unwrap();
    assert!(!report.holds(), "the history vouches for what a verdict says beside its probabilities");
}

#[tokio::test]
async fn risk_along_a_response_is_kept_and_read_back() {
    let row = r#"{"id":"a","prompt":"p","response":"xy along"}"#;
    let fixture = Fixture::with_rows(&[row]).await;
    fixture.workspace.set_mode(QUEUE, Mode::Suggestion).await.unwrap();
    let (engine, _) = guard(&fixture, "stream", false).await;
    run(&fixture, &engine, order("stream")).await;
    let item = fixture.workspace.item(&fixture.ids().await[0]).await.unwrap();
    let VerdictSlot::Shown(verdicts) = &item.tasks[1].verdict else { panic!("{:?}", item.tasks[1]) };
    let risk = verdicts[0].risk.as_ref().expect("risk along the response");
    assert_eq!(risk.flagged_from, Some(2), "where the second risky token begins");
    let spans: Vec<(usize, bool)> = risk.spans.iter().map(|span| (span.end, span.flagged)).collect();
    assert_eq!(spans, [(1, false), (2, false), (8, true)]);
    assert!(fixture.workspace.verify(None).await.unwrap().holds());
}

#[tokio::test]
async fn a_lowered_pixel_budget_reaches_the_guard_and_too_low_a_one_is_refused() {
    let fixture = fixture(Keeping::Copy).await;
    let (engine, seen) = guard(&fixture, "eyes", true).await;
    let lowered = LabelOrder { pixels_max: Some(PIXELS_MIN), ..order("eyes") };
    run(&fixture, &engine, lowered.clone()).await;
    let request = seen.loaded.lock().unwrap().last().cloned().unwrap();
    assert_eq!(request.settings.pixels_max, Some(PIXELS_MIN));
    assert_eq!(fixture.workspace.runs(1).await.unwrap()[0].pixels_max, Some(4096));
    let nothing = LabelOrder { pixels_max: Some(PIXELS_MIN - 1), ..lowered };
    let refused = fixture.workspace.start_label_run(&engine, nothing).await;
    assert_eq!(refused.err().map(|e| e.code()), Some(Code::Invalid));
}

#[tokio::test]
async fn a_linked_picture_is_judged_where_it_lies_and_a_changed_one_is_not() {
    let fixture = fixture(Keeping::Link).await;
    let ids = fixture.ids().await;
    let media = fixture.workspace.media_dir();
    assert!(!Path::new(media).read_dir().is_ok_and(|mut files| files.next().is_some()), "nothing is copied");
    let (engine, seen) = guard(&fixture, "eyes", true).await;
    fixture.write("in/a.png", &picture::tests::png(7, 7));
    let progress = run(&fixture, &engine, order("eyes")).await;
    assert_eq!((progress.judged, progress.failed), (2, 1), "the others go on");
    let images = seen.images.lock().unwrap().clone();
    assert!(images.iter().all(|image| image.path.ends_with("in/b.png")), "{images:?}");
    let item = fixture.workspace.item(&ids[1]).await.unwrap();
    let VerdictSlot::Failed { reason, .. } = &item.tasks[0].verdict else { panic!("{:?}", item.tasks[0]) };
    assert!(reason.contains("image 1") && reason.contains("changed"), "{reason}");
    assert!(item.images[0].problem.as_deref().unwrap_or_default().contains("changed"), "{:?}", item.images);
    assert!(item.images[1].linked && item.images[1].problem.is_none());
    let shown = fixture.workspace.image(&ids[1], &item.images[0].sha256).await.unwrap_err();
    assert_eq!(shown.code(), Code::Conflict, "another picture is not shown in its place");

    std::fs::remove_file(fixture.dir.path().join("in/b.png")).unwrap();
    let item = fixture.workspace.item(&ids[2]).await.unwrap();
    assert!(item.images[0].problem.as_deref().unwrap_or_default().contains("gone"), "{:?}", item.images);
}

#[tokio::test]
async fn a_linked_picture_is_read_where_it_is_used_and_not_where_its_item_is_looked_at() {
    let fixture = fixture(Keeping::Link).await;
    let ids = fixture.ids().await;
    let path = fixture.dir.path().join("in/b.png");
    let item = fixture.workspace.item(&ids[2]).await.unwrap();
    let sha256 = &item.images[0].sha256;
    let mut bytes = std::fs::read(&path).unwrap();
    assert_eq!(fixture.workspace.image(&ids[2], sha256).await.unwrap(), bytes);

    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let item = fixture.workspace.item(&ids[2]).await.unwrap();
    assert_eq!(item.images[0].problem, None, "its bytes are not read for that");
    let shown = fixture.workspace.image(&ids[2], sha256).await.unwrap_err();
    assert_eq!(shown.code(), Code::Conflict, "what is shown is what was checked");
    let small = fixture.workspace.thumbnail(&ids[2], sha256).await.unwrap_err();
    assert_eq!(small.code(), Code::Conflict);

    bytes.push(0);
    std::fs::write(&path, &bytes).unwrap();
    let item = fixture.workspace.item(&ids[2]).await.unwrap();
    assert!(item.images[0].problem.as_deref().unwrap_or_default().contains("changed"), "{:?}", item.images);
}

#[tokio::test]
async fn thumbnails_are_of_visible_items_only() {
    let fixture = fixture(Keeping::Copy).await;
    let ids = fixture.ids().await;
    let item = fixture.workspace.item(&ids[2]).await.unwrap();
    let sha256 = &item.images[0].sha256;
    assert_eq!(item.images[0].size, Some((5, 4)));
    let small = fixture.workspace.thumbnail(&ids[2], sha256).await.unwrap();
    assert!(small.media_type == "image/jpeg" && small.bytes.starts_with(&[0xFF, 0xD8]));
    let other = fixture.workspace.thumbnail(&ids[0], sha256).await.unwrap_err();
    assert_eq!(other.code(), Code::NotFound, "it is no image of that item");
    fixture.workspace.quarantine(&Gesture::new(&ids[2], "ana")).await.unwrap();
    let hidden = fixture.workspace.thumbnail(&ids[2], sha256).await.unwrap_err();
    assert_eq!(hidden.code(), Code::NotFound);
}
