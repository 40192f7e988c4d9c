//! Images under cover and revealed, and the risk along a response, in the window.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{driver::Window, page::Page};
use crate::{
    database::texts,
    program::{Desk, lines, read_lines},
};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/golden").join(name)
}

/// A queue of posters, one item with two of them and one without text, labelled by the demo guard that reads pictures.
fn with_images(desk: &Desk) {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    for picture in fs::read_dir(demo.join("pictures")).unwrap() {
        let picture = picture.unwrap();
        let name = picture.file_name().into_string().unwrap();
        desk.file(&format!("pictures/{name}"), fs::read(picture.path()).unwrap());
    }
    let images = |row: &Value| row["images"].as_array().map_or(0, Vec::len);
    let of = |language: &str, images_wanted: usize| {
        let mut rows = read_lines(&demo.join("queue.jsonl")).into_iter();
        rows.find(|row| row["language"] == language && images(row) == images_wanted).unwrap()
    };
    let [burmese, tamil, thai] = [of("my", 2), of("ta", 1), of("th", 1)];
    let rows = [
        burmese,
        json!({"id": "bare", "prompt": "", "images": tamil["images"], "language": "ta"}),
        thai,
        json!({"id": "away", "prompt": "x", "images": ["https://example.org/x.png"]}),
    ];
    let file = desk.file("pictures.jsonl", lines(&rows));
    let report = desk.json(&["import", file.to_str().unwrap(), "--queue", "pictures"]);
    assert_eq!(report["added"], 3, "an address is refused, the other rows go on: {report}");
    let labelled = desk.json(&["label", "--queue", "pictures", "--guard", "saring-demo-pictures"]);
    assert_eq!(labelled["judged"], 3, "{labelled}");
}

async fn review_with_suggestions(page: &Page) {
    page.go("queues").await;
    page.click("queue-mode-suggestion").await;
    page.until("the mode is saved", async |page| {
        let script = "return document.querySelector('[data-testid=queue-mode-suggestion]').checked \
                      && !document.querySelector('[data-testid=queue-review]').disabled";
        page.script(script).await == json!(true)
    })
    .await;
    // A button that waits for what was just saved does nothing; the review may be there already, out of sight.
    page.until("the review is in sight", async |page| {
        let script = "const screen = document.querySelector('[data-testid=screen-review]'); \
                      if (screen !== null && screen.getClientRects().length > 0) return true; \
                      document.querySelector('[data-testid=queue-review]')?.click(); \
                      return false";
        page.script(script).await == json!(true)
    })
    .await;
    page.until("the verdict is in view", async |page| page.has("verdict").await).await;
}

/// Whether the image of that name has come, with pixels in it.
async fn has_come(page: &Page, name: &str) -> bool {
    let script = format!(
        "const image = document.querySelector('[data-testid={name}]'); \
         return image !== null && image.complete && image.naturalWidth > 0"
    );
    page.script(&script).await == json!(true)
}

async fn is_revealed(page: &Page) -> bool {
    page.attribute("image", "data-revealed").await == "true"
}

#[tokio::test]
async fn images_are_covered_until_they_are_revealed_and_covered_again_on_the_next_item() {
    let desk = Desk::new();
    with_images(&desk);
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    for theme in ["dark", "light"] {
        page.go("settings").await;
        page.click(&format!("theme-{theme}")).await;
        review_with_suggestions(page).await;
        page.until("the small copy has come", async |page| has_come(page, "image-small").await).await;
        assert!(!is_revealed(page).await, "an image is covered at first");
        assert!(!page.has("image-full").await, "the whole image is not even asked for");
        page.shot(&format!("image-covered-{theme}")).await;
        page.click("image").await;
        page.until("the image has come", async |page| has_come(page, "image-full").await).await;
        assert!(is_revealed(page).await);
        page.shot(&format!("image-revealed-{theme}")).await;
        page.press('+').await;
        page.press('+').await;
        assert_eq!(page.attribute("image", "data-fitted").await, "false", "it is enlarged");
        page.shot(&format!("image-enlarged-{theme}")).await;
        page.press('i').await;
        page.until("the second image is under cover", async |page| !is_revealed(page).await).await;
        page.shot(&format!("image-second-{theme}")).await;
    }
    let before = page.text("item-seq").await;
    page.press('1').await;
    page.write("reviewer-name", "ana").await;
    page.enter().await;
    page.until("the next item is there", async |page| {
        let seq = page.text("item-seq").await;
        !seq.is_empty() && seq != before
    })
    .await;
    assert!(!is_revealed(page).await, "an image is covered again on the next item");
    page.until("what no author described is said", async |page| page.has("verdict-noted").await).await;
    page.shot("image-without-text-light").await;
    assert_eq!(page.refused().await, json!([]), "the page needs nothing that its policy refuses");
    page.close().await;
    drop(window);
    let decided = texts(&desk.workspace(), "SELECT label FROM decisions WHERE kind = 'label'");
    assert_eq!(decided, ["safe"]);
}

#[tokio::test]
async fn a_response_is_marked_from_the_first_token_that_the_reference_flags() {
    let shape = golden("stream-tied-f32");
    let stream: Value = serde_json::from_slice(&fs::read(shape.join("stream.json")).unwrap()).unwrap();
    let subject = stream["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| {
            let flags = &s["response"]["strict"]["debounced"];
            let flips =
                flags.as_array().map_or(0, |f| f.windows(2).filter(|pair| pair[0] != pair[1]).count());
            s["task"] == "response" && s["messages"].as_array().unwrap().len() == 2 && flips >= 3
        })
        .expect("one that is flagged, unflagged and flagged again");
    let text = subject["messages"][1]["content"].as_str().unwrap();
    let first = subject["response"]["strict"]["first"].as_u64().unwrap() as usize;

    let desk = Desk::new();
    let row = json!({"id": "s", "prompt": subject["messages"][0]["content"], "response": text});
    desk.import("stream", &[row]);
    desk.done(&["models", "add", shape.to_str().unwrap(), "--name", "stream"]);
    desk.done(&["label", "--queue", "stream", "--guard", "stream"]);
    let details = texts(&desk.workspace(), "SELECT details FROM verdicts WHERE task = 'response'");
    let details: Value = serde_json::from_str(&details[0]).unwrap();
    let end = |token: usize| details["risk"]["tokens"][token]["end"].as_u64().unwrap() as usize;
    let expected = text.get(end(first - 1)..).expect("tokens of this text end between characters");

    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    for theme in ["dark", "light"] {
        page.go("settings").await;
        page.click(&format!("theme-{theme}")).await;
        review_with_suggestions(page).await;
        page.until("the response is marked", async |page| page.has("task-response-mark").await).await;
        assert_eq!(page.text("task-response-mark").await.trim(), expected.trim(), "from the same token on");
        assert!(page.has("risk-strip").await, "the risk along the text stands below it");
        page.shot(&format!("risk-{theme}")).await;
    }
    page.close().await;
}
