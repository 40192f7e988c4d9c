//! Exports of items with images, for a guard that reads them and for one that does not.

use super::*;
use crate::{
    guards::NewGuard,
    media::{Keeping, picture},
};

/// A text and two items with images, decided, and a guard of each kind.
async fn fixture(keeping: Keeping) -> (Fixture, EngineHandle) {
    let fixture = Fixture::new().await;
    fixture.write("in/a.png", &picture::tests::png(3, 2));
    fixture.write("in/b.png", &picture::tests::png(5, 4));
    let rows = [
        r#"{"id":"1","prompt":"good"}"#,
        r#"{"id":"2","prompt":"two","images":["a.png","b.png"]}"#,
        r#"{"id":"3","prompt":"one","images":["b.png"]}"#,
        r#"{"id":"4","prompt":"markup <image>","images":["b.png"]}"#,
    ];
    let path = fixture.write("in/rows.jsonl", rows.join("\n").as_bytes());
    let request = crate::import::ImportRequest { keeping, ..fixture.request(vec![path], &[]) };
    fixture.workspace.import(&request, &mut |_| (), &saring_verdict::Cancel::new()).await.unwrap();
    for id in fixture.ids().await {
        decide(&fixture, &id, Task::Prompt, "safe", unchanged).await;
    }
    let (engine, _) = scripted::handle(Family::SeaGuard);
    for (name, images) in [("eyes", true), ("blind", false)] {
        let path = fixture.write(&format!("{name}/weights"), name.as_bytes()).parent().unwrap().to_owned();
        if images {
            fs::write(path.join("images"), "").unwrap();
        }
        let new = NewGuard { path, ..NewGuard::default() };
        fixture.workspace.add_guard(&engine, new, |_| ()).await.unwrap();
    }
    (fixture, engine)
}

fn order(guard: &str) -> ExportOrder {
    let guard = Some(guard.to_owned());
    ExportOrder { guard, validation: 0.0, ..ExportOrder::new(QUEUE, ExportFormat::LlamaFactory) }
}

#[tokio::test]
async fn images_lie_beside_the_rows_that_name_them_one_placeholder_for_each() {
    let (fixture, engine) = fixture(Keeping::Copy).await;
    let report = export(&fixture, &engine, &order("eyes"), "out").await;
    assert_eq!((report.rows, report.template), (3, Some(TrainerTemplate::Qwen3VlNoThink)));
    assert_eq!(report.left_out, [(LeftOut::Markup, 1)], "a placeholder in the text would ask for an image");
    let read = |name: &str| fs::read_to_string(report.folder.join(name)).unwrap();
    assert!(!read("train.jsonl").contains("images"), "rows without images are apart");
    let lines: Vec<serde_json::Value> =
        read("train_images.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        let question = line["messages"][0]["content"].as_str().unwrap();
        let images = line["images"].as_array().unwrap();
        assert_eq!(question.matches("<image>").count(), images.len(), "{question}");
        for image in images {
            let name = image.as_str().unwrap();
            let file = report.files.iter().find(|file| file.name == name).expect("listed in the card");
            assert!(name.ends_with(&file.sha256) && report.folder.join(name).is_file(), "{name}");
        }
    }
    assert_eq!(lines[0]["messages"][0]["content"], "<image><image>Judge the prompt: two");
    assert_eq!(fs::read_dir(report.folder.join("images")).unwrap().count(), 2, "each image once");
    let info: serde_json::Value = serde_json::from_str(&read("dataset_info.json")).unwrap();
    assert_eq!(info["queue_train_images"]["columns"]["images"], "images");
    assert!(read("README.md").contains("image_max_pixels"), "the trainer would shrink them");
}

#[tokio::test]
async fn a_guard_that_reads_text_only_gets_no_rows_with_images() {
    let (fixture, engine) = fixture(Keeping::Copy).await;
    let report = export(&fixture, &engine, &order("blind"), "out").await;
    assert_eq!((report.rows, report.left_out), (1, vec![(LeftOut::Images, 3)]));
    assert!(!report.folder.join("images").exists());
}

#[tokio::test]
async fn an_image_that_is_no_longer_what_was_judged_stops_the_export_and_leaves_nothing() {
    let (fixture, engine) = fixture(Keeping::Copy).await;
    let item = fixture.workspace.item(&fixture.ids().await[2]).await.unwrap();
    let kept = crate::media::path_of(fixture.workspace.media_dir(), &item.images[0].sha256);
    fs::write(kept, picture::tests::png(9, 9)).unwrap();
    let out = fixture.dir.path().join("out");
    let failed = fixture.workspace.export(&engine, &order("eyes"), &out).await.unwrap_err();
    assert_eq!(failed.code(), crate::Code::Conflict);
    assert!(!out.exists(), "no half of an export");
}

#[tokio::test]
async fn a_linked_image_that_changed_or_is_gone_keeps_its_rows_out_and_no_others() {
    let (fixture, engine) = fixture(Keeping::Link).await;
    let item = fixture.workspace.item(&fixture.ids().await[1]).await.unwrap();
    let [a, b] = [0, 1].map(|n| item.images[n].sha256.clone());
    fixture.write("in/a.png", &picture::tests::png(9, 9));
    let report = export(&fixture, &engine, &order("eyes"), "changed").await;
    assert_eq!(report.rows, 2, "the text, and the item with the other image");
    assert!(report.left_out.contains(&(LeftOut::ImageChanged(a), 1)), "{:?}", report.left_out);
    fs::remove_file(fixture.dir.path().join("in/b.png")).unwrap();
    let report = export(&fixture, &engine, &order("eyes"), "gone").await;
    assert_eq!(report.rows, 1, "the text alone");
    assert!(report.left_out.iter().any(|(why, _)| *why == LeftOut::ImageChanged(b.clone())));
    let list = fs::read_to_string(report.folder.join("held_back.csv")).unwrap();
    assert!(list.contains(&b) && !list.contains("b.png"), "the hash is named, the path is not: {list}");
}
