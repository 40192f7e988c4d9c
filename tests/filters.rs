//! Filters, orders and saved filters, as users run them.

use serde_json::{Value, json};

use crate::{database, program::Desk};

fn queue() -> Desk {
    let desk = Desk::new();
    let rows = [
        json!({"id": "a", "prompt": "how to cook rice", "language": "en"}),
        json!({"id": "b", "prompt": "ข้าวผัด", "language": "th"}),
        json!({"id": "c", "prompt": "how to cook soup", "response": "slowly", "language": "en"}),
        json!({"id": "d", "prompt": "မင်္ဂလာပါ", "language": "my"}),
    ];
    desk.import("q", &rows);
    desk
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["external_id"].as_str().unwrap().to_owned()).collect()
}

fn id_of(desk: &Desk, external: &str) -> String {
    let sql = format!("SELECT id FROM items WHERE external_id = '{external}'");
    database::texts(&desk.workspace(), &sql).remove(0)
}

#[test]
fn conditions_combine_and_pages_follow_each_other() {
    let desk = queue();
    desk.done(&["decide", &id_of(&desk, "a"), "--label", "safe", "--reviewer", "ana"]);
    desk.done(&["flag", &id_of(&desk, "c"), "--reviewer", "ana"]);
    for (flags, expected) in [
        (&["--state", "pending"][..], &["b", "c", "d"][..]),
        (&["--language", "en", "--state", "pending"], &["c"]),
        (&["--decided-label", "safe", "--reviewer", "ana"], &["a"]),
        (&["--reviewer", "bo"], &[]),
        (&["--flagged"], &["c"]),
        (&["--flagged=no", "--language", "en"], &["a"]),
        (&["--task", "response"], &["c"]),
        (&["cook", "--state", "decided"], &["a"]),
        (&["--has-image"], &[]),
        (&["--sort", "language"], &["a", "c", "d", "b"]),
    ] {
        let page = desk.json(&[&["search", "--queue", "q"], flags].concat());
        assert_eq!(ids(&page), expected, "{flags:?}");
    }
    let page = desk.json(&["search", "--queue", "q", "--limit", "3", "--count"]);
    assert_eq!(
        (ids(&page).len(), page["found"].as_u64(), page["capped"].as_bool()),
        (3, Some(4), Some(true))
    );
    let next = page["next"].as_str().unwrap();
    assert_eq!(ids(&desk.json(&["search", "--queue", "q", "--limit", "3", "--after", next])), ["d"]);
}

#[test]
fn what_makes_no_sense_or_would_tell_a_hidden_verdict_is_refused_with_the_reason() {
    let desk = queue();
    desk.done(&["label", "--queue", "q"]);
    for (code, flags, said) in [
        (2, &["--score", "0.6..0.4"][..], "write 0.4..0.6"),
        (2, &["--label", "dubious"], "safe, controversial, unsafe, sensitive"),
        (1, &["--category", "Weather"], "no category \"Weather\""),
        (1, &["--since", "2026-11-21", "--until", "2026-11-20"], "nothing lies between them"),
        (1, &["--label", "unsafe"], "hidden until an item is decided"),
        (1, &["--sort", "uncertain"], "hidden until an item is decided"),
    ] {
        let refused = desk.refused(code, &[&["search", "--queue", "q"], flags].concat());
        assert!(refused.err.contains(said), "{flags:?}: {}", refused.err);
    }
    desk.done(&["plan", "q", "--mode", "triage"]);
    let risks: Vec<f64> = desk.json(&["search", "--queue", "q", "--sort", "unsafe"])["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["risk"].as_f64().unwrap())
        .collect();
    assert!(risks.len() == 4 && risks.windows(2).all(|pair| pair[0] >= pair[1]), "{risks:?}");
}

#[test]
fn a_saved_filter_is_gone_through_like_a_queue() {
    let desk = queue();
    desk.done(&["filters", "save", "--queue", "q", "cooking", "--text", "cook", "--language", "en"]);
    let list = desk.json(&["filters", "list", "--queue", "q"]);
    assert_eq!((list[0]["name"].as_str(), list[0]["items"].as_u64()), (Some("cooking"), Some(2)), "{list}");
    let next = |after: Option<&str>| {
        let mut next = vec!["next", "--queue", "q", "--filter", "cooking", "--reviewer", "ana"];
        next.extend(after.map(|after| ["--after", after]).into_iter().flatten());
        desk.json(&next)["external_id"].as_str().map(str::to_owned)
    };
    assert_eq!(next(None).as_deref(), Some("a"));
    let a = id_of(&desk, "a");
    desk.done(&["decide", &a, "--label", "safe", "--reviewer", "ana", "--picked"]);
    assert_eq!(next(Some(&a)).as_deref(), Some("c"));
    let c = id_of(&desk, "c");
    desk.done(&["skip", &c, "--reviewer", "ana"]);
    assert_eq!(next(Some(&c)), None, "nothing of it is open any more, though the queue has more");
    assert_eq!(database::number(&desk.workspace(), "SELECT count(*) FROM items"), 4, "a view, not a copy");
    desk.done(&["filters", "rename", "--queue", "q", "cooking", "kitchen"]);
    desk.refused(1, &["next", "--queue", "q", "--filter", "cooking"]);
    desk.done(&["filters", "remove", "--queue", "q", "kitchen"]);
    assert_eq!(desk.json(&["filters", "list", "--queue", "q"]), json!([]));
}

#[test]
fn a_picked_item_carries_no_draw_and_another_one_does() {
    let desk = queue();
    let (a, b) = (id_of(&desk, "a"), id_of(&desk, "b"));
    // A draw of everything, recorded as the window records it.
    desk.done(&["plan", "q", "--mode", "triage", "--blind-share", "all"]);
    database::tamper(
        &desk.workspace(),
        "UPDATE queues SET ordering = 'draw', draw_id = (SELECT id FROM draws LIMIT 1)",
    );
    desk.done(&["decide", &a, "--label", "safe", "--reviewer", "ana", "--picked"]);
    desk.done(&["decide", &b, "--label", "safe", "--reviewer", "ana"]);
    let drawn = "SELECT (draw_id IS NOT NULL) || '' FROM decisions ORDER BY seq";
    assert_eq!(database::texts(&desk.workspace(), drawn), ["0", "1"]);
}
