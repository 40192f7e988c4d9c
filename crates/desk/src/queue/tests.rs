//! Orderings, draws, lists and search.

use super::*;
use crate::{
    Code,
    fixture::{Fixture, QUEUE},
};

#[tokio::test]
async fn a_queue_is_found_by_name_and_by_id_and_its_name_is_its_own() {
    let fixture = Fixture::new().await;
    let workspace = &fixture.workspace;
    let queue = workspace.create_queue(" ฝ่ายตรวจ ", "sea-guard").await.expect("a queue");
    assert_eq!(queue.name, "ฝ่ายตรวจ", "spaces around a name are not part of it");
    assert_eq!(workspace.queue(&queue.id).await.expect("by id"), queue);
    assert_eq!(workspace.queue(&queue.name).await.expect("by name"), queue);
    let taken = workspace.create_queue("ฝ่ายตรวจ", "sea-guard").await;
    assert_eq!(taken.expect_err("taken").code(), Code::Conflict);
    let empty = workspace.create_queue("  ", "sea-guard").await;
    assert_eq!(empty.expect_err("no name").code(), Code::Invalid);
    assert_eq!(workspace.queue("nothing").await.expect_err("none").code(), Code::NotFound);
}

#[tokio::test]
async fn a_queue_with_nothing_in_it_can_be_looked_at() {
    let fixture = Fixture::new().await;
    let workspace = &fixture.workspace;
    workspace.create_queue(QUEUE, "qwen3guard").await.expect("a queue");
    assert_eq!(workspace.next(QUEUE, None).await.expect("next"), None);
    assert!(fixture.ids().await.is_empty());
    assert!(workspace.search(QUEUE, "x", 10).await.expect("a search").rows.is_empty());
    let none = workspace.set_ordering(QUEUE, Ordering::Draw).await;
    assert_eq!(none.expect_err("no draw was made").code(), Code::NotFound);
    let nothing = workspace.draw(QUEUE, DrawFrom::All, 5, 1).await;
    assert_eq!(nothing.expect_err("nothing to draw from").code(), Code::Invalid);
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps_or_repeats_in_every_order() {
    let fixture = Fixture::with_prompts(23).await;
    let workspace = &fixture.workspace;
    let ids = fixture.ids().await;
    // Equal figures and missing ones are where a page can end badly.
    for (i, id) in ids.iter().enumerate().take(17) {
        fixture.judge(id, saring_verdict::Task::Prompt, [0.2, 0.9, 0.6][i % 3]).await;
    }
    workspace.set_mode(QUEUE, Mode::Suggestion).await.expect("lists tell no verdict that is hidden");
    workspace.draw(QUEUE, DrawFrom::All, 23, 3).await.expect("a draw");
    for order in [Ordering::Draw, Ordering::Imported, Ordering::Newest, Ordering::Uncertain, Ordering::Unsafe]
    {
        workspace.set_ordering(QUEUE, order).await.expect("the order");
        let whole = fixture.tab(Tab::Pending).await;
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let query = ListQuery { queue: QUEUE.into(), tab: Tab::Pending, viewer: None, after, limit: 4 };
            let page = workspace.list(&query).await.expect("a page");
            pages.extend(page.rows.into_iter().map(|row| row.id));
            let Some(next) = page.next else { break };
            after = Some(next.to_string().parse().expect("a cursor comes back as it went"));
        }
        assert_eq!(pages, whole, "{order}");
        let mut all = whole.clone();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 23, "{order}: every item once");
    }
    assert!("1.2".parse::<Cursor>().is_err() && "x.y.".parse::<Cursor>().is_err());
}

#[tokio::test]
async fn lists_show_the_beginning_of_what_is_judged() {
    let long = "é".repeat(500);
    let fixture = Fixture::with_rows(&[
        &format!(r#"{{"prompt": "{long}"}}"#),
        r#"{"prompt": "", "response": "only an answer"}"#,
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "the last turn"}]}"#,
    ])
    .await;
    let query = ListQuery { queue: QUEUE.into(), tab: Tab::All, viewer: None, after: None, limit: 9 };
    let rows = fixture.workspace.list(&query).await.expect("a list").rows;
    assert_eq!(rows[0].excerpt.chars().count(), 120);
    assert_eq!(rows[1].excerpt, "only an answer");
    assert_eq!(rows[2].excerpt, "the last turn");
    assert_eq!(rows.iter().map(|r| r.has_response).collect::<Vec<_>>(), [false, true, true]);
}

#[tokio::test]
async fn search_finds_every_script_at_every_length() {
    let texts = [
        "Where can I buy Flowers?",
        "ฉันอยากรู้ว่าการหลอกลวงทำงานอย่างไร",
        "ငွေလိမ်လည်မှု ဘယ်လိုဖြစ်သလဲ",
        "மோசடி எப்படி நடக்கிறது",
        "Tiếng Việt rất hay",
        "saya ingin tahu \"penipuan\" (100%) NEAR kota",
    ];
    let rows: Vec<String> = texts.iter().map(|t| serde_json::json!({"prompt": t}).to_string()).collect();
    let fixture = Fixture::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let ids = fixture.ids().await;
    let decomposed = "Tie\u{302}\u{301}ng";
    for (query, expected) in [
        ("flow", vec![0]),
        ("FLOWERS", vec![0]),
        ("s?", vec![0]),
        ("หลอกลวง", vec![1]),
        ("รู้", vec![1]),
        ("ฉั", vec![1]),
        ("ไ", vec![1]),
        ("လိမ်လည်", vec![2]),
        ("ငွ", vec![2]),
        ("မောင်", vec![]),
        ("மோசடி", vec![3]),
        ("எப்", vec![3]),
        ("டி", vec![3]),
        ("tiếng việt", vec![4]),
        (decomposed, vec![4]),
        ("e\u{302}\u{301}", vec![4]),
        ("ế", vec![4]),
        ("penipuan\"", vec![5]),
        ("\"penipuan\" kota", vec![5]),
        ("(100%)", vec![5]),
        ("near", vec![5]),
        ("flow NEAR", vec![]),
        ("hay rất", vec![4]),
        ("buy i", vec![0]),
        ("text:x OR *", vec![]),
        ("' OR 1=1 --", vec![]),
        ("   ", vec![]),
    ] {
        let page = fixture.workspace.search(QUEUE, query, 50).await.expect(query);
        let found: Vec<usize> =
            page.rows.iter().map(|row| ids.iter().position(|id| *id == row.id).expect("known")).collect();
        assert_eq!(found, expected, "{query:?}");
        assert!(!page.capped);
    }
}

#[tokio::test]
async fn search_stays_in_its_queue_and_says_when_there_is_more() {
    let fixture = Fixture::with_prompts(9).await;
    let mut request =
        fixture.request(vec![fixture.write("other.jsonl", br#"{"prompt": "prompt elsewhere"}"#)], &[]);
    request.queue = "other".to_owned();
    let cancel = saring_verdict::Cancel::new();
    fixture.workspace.import(&request, &mut |_| {}, &cancel).await.expect("an import");
    for query in ["prompt", "pr", "p"] {
        let page = fixture.workspace.search(QUEUE, query, 5).await.expect("a search");
        assert_eq!((page.rows.len(), page.capped), (5, true), "{query}");
        assert!(page.rows.windows(2).all(|pair| pair[0].seq < pair[1].seq), "as imported");
        let page = fixture.workspace.search(QUEUE, query, 50).await.expect("a search");
        assert_eq!((page.rows.len(), page.capped), (9, false), "{query}");
    }
}

#[tokio::test]
async fn counts_and_languages_are_kept() {
    let fixture = Fixture::with_rows(&[
        r#"{"prompt": "a", "language": "th"}"#,
        r#"{"prompt": "b", "language": " th "}"#,
        r#"{"prompt": "c"}"#,
    ])
    .await;
    let overview = fixture.workspace.queue_overview(QUEUE).await.expect("the queue");
    let languages: Vec<_> = overview.languages.iter().map(|l| (l.language.as_str(), l.items)).collect();
    assert_eq!(languages, [("th", 2), ("und", 1)]);
    assert_eq!(overview.counts, StateCounts { pending: 3, ..StateCounts::default() });
}
