//! Filtered lists, and filters under a name.

use serde_json::{Value, json};

use crate::window::Window;

fn terms(said: Value) -> Value {
    let mut terms = json!({
        "state": null, "task": null, "language": null, "label": null, "decided_label": null, "category": null,
        "guard_category": null, "disagreement": null, "score": null, "reviewer": null, "since": null, "until": null,
        "flagged": null, "has_image": null, "text": null,
    });
    for (name, value) in said.as_object().unwrap() {
        terms[name] = value.clone();
    }
    terms
}

#[test]
fn a_list_is_filtered_counted_and_gone_through() {
    let (window, queue) = Window::with_queue(&["one", "two", "three"]);
    let item = window.next(&queue);
    window.decide(&item, "safe");
    let filtering =
        json!({ "filter": terms(json!({ "state": "pending", "text": "t" })), "sort": "language" });
    let asked = json!({ "queueId": queue, "filtering": filtering, "cursor": null, "limit": 1 });
    let page = window.call("list_filtered", asked);
    assert_eq!(page["rows"][0]["excerpt"], "two", "one is decided");
    let asked = json!({ "queueId": queue, "filtering": filtering, "cursor": page["cursor"], "limit": 1 });
    assert_eq!(window.call("list_filtered", asked)["rows"][0]["excerpt"], "three");
    let found = window.call("count_filtered", json!({ "queueId": queue, "filtering": filtering }));
    assert_eq!(found, json!({ "found": 2, "more": false }));
    let asked = json!({ "queueId": queue, "filtering": filtering, "after": page["rows"][0]["id"] });
    assert_eq!(window.call("next_filtered", asked)["turns"][0]["content"], "three");
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let (window, queue) = Window::with_queue(&["one"]);
    for (filter, sort, said) in [
        (json!({ "score": "0.6..0.4" }), "imported", "empty"),
        (json!({ "score": "0.4..0.6" }), "imported", "hidden until an item is decided"),
        (json!({ "state": "gone" }), "imported", "pending, decided, skipped, escalated"),
        (json!({}), "by mood", "imported, unsafe"),
    ] {
        let filtering = json!({ "filter": terms(filter), "sort": sort });
        let asked = json!({ "queueId": queue, "filtering": filtering, "cursor": null, "limit": 9 });
        let failure = window.ask("list_filtered", asked).unwrap_err();
        assert_eq!(failure["code"], "invalid");
        assert!(failure["message"].as_str().unwrap().contains(said), "{failure}");
    }
}

#[test]
fn a_filter_is_kept_renamed_and_removed() {
    let (window, queue) = Window::with_queue(&["one"]);
    let filtering = json!({ "filter": terms(json!({ "flagged": false })), "sort": "decided" });
    let asked = json!({ "queueId": queue, "name": "open", "filtering": filtering });
    let saved = window.call("save_filter", asked.clone());
    assert_eq!(saved["filtering"], filtering, "it comes back as it was");
    assert_eq!(window.ask("save_filter", asked).unwrap_err()["code"], "conflict");
    let asked = json!({ "queueId": queue, "filterId": saved["id"], "name": "rest" });
    assert_eq!(window.call("rename_filter", asked)["name"], "rest");
    assert_eq!(window.call("saved_filters", json!({ "queueId": queue }))[0]["name"], "rest");
    window.call("remove_filter", json!({ "queueId": queue, "filterId": saved["id"] }));
    assert_eq!(window.call("saved_filters", json!({ "queueId": queue })), json!([]));
}
