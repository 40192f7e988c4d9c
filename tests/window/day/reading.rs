//! What a lead looks at in the end: a part of the queue under a name, and what can be believed.

use std::time::Duration;

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::{Day, FORUM, GOLD};

impl Day<'_> {
    pub(super) async fn keep_a_filter_as_a_queue(&self) {
        let page = self.page;
        page.command_queue(FORUM).await;
        page.press_with_shift('F').await;
        page.focused("filter-state").await;
        page.type_out("p").await;
        page.tab_to("filter-language").await;
        page.type_out("thai").await;
        page.until("both conditions are in force", async |page| {
            let chips = page.text("filter-chips").await;
            chips.contains("Language: Thai") && chips.contains("State: pending")
        })
        .await;
        page.until("what it finds is counted", async |page| page.has("filter-found").await).await;
        let found = page.text("filter-found").await;
        page.tab_to("filter-save-name").await;
        page.type_out("Thai to do").await;
        page.enter().await;
        page.until("it has its name", async |page| page.text("filter-name").await == "Thai to do").await;
        page.shot("day-filter-dark").await;
        page.press(char::from(Key::Escape)).await;
        page.until("the form is closed", async |page| !page.has("filter-form").await).await;

        let kept = self.desk.json(&["filters", "list", "--queue", FORUM]);
        let items = kept[0]["items"].as_i64().unwrap();
        assert!(kept[0]["name"] == "Thai to do" && items > 0, "{kept}");
        assert!(found.starts_with(&items.to_string()), "the window counts as the command line does: {found}");
        // Gold that others decided stands as pending: who did is told by no list.
        let thai = "SELECT count(*) FROM items AS i JOIN queues AS q ON q.id = i.queue_id \
             LEFT JOIN seen_states AS s ON s.seq = i.seq AND s.reviewer = '' \
             WHERE q.name = 'forum' AND i.language = 'th' AND coalesce(s.state, i.state) = 'pending'";
        assert_eq!(self.count(thai), items, "a view of the items, not a copy");
        self.open_it_like_a_queue().await;
    }

    async fn open_it_like_a_queue(&self) {
        let page = self.page;
        page.command_theme("light").await;
        page.command_to("queues").await;
        page.see("saved-filter").await;
        page.shot("day-queues-light").await;
        page.command("thai to do", "palette-saved").await;
        page.until("it is open", async |page| {
            page.text("filter-name").await == "Thai to do" && page.has("item").await
        })
        .await;
        let language = format!("SELECT language FROM items WHERE id = '{}'", self.on_screen().await);
        assert_eq!(self.texts(&language), ["th"]);
        page.shot("day-filter-opened-light").await;
    }

    pub(super) async fn read_the_dashboard(&self) {
        let page = self.page;
        for theme in ["light", "dark"] {
            page.command_theme(theme).await;
            page.command_to("insight").await;
            page.see("threshold").await;
            page.settle().await;
            self.page_through(theme).await;
        }
        assert!(
            page.text("insight-basis").await.contains(&format!("({GOLD})")),
            "gold alone is no selection"
        );
        let stats = self.desk.json(&["stats", "--queue", FORUM, "--threshold", "0.57"]);
        assert_eq!(self.confusion().await, expected(&stats, 0.5));
        page.tab_to("threshold").await;
        for _ in 0..7 {
            page.press(char::from(Key::Right)).await;
        }
        page.until("the threshold is 0.57", async |page| page.text("threshold-value").await == "0.57").await;
        assert_eq!(self.confusion().await, expected(&stats, 0.57));
        self.reviewers_are_those_of(&stats["insight"]).await;
    }

    /// Reads down to the end with the keys that scroll.
    async fn page_through(&self, theme: &str) {
        let page = self.page;
        let mut before = page.script(PLACE).await;
        for n in 0.. {
            page.shot(&format!("day-insight-{n}-{theme}")).await;
            if page.script(AT_END).await == json!(true) {
                break;
            }
            page.press(char::from(Key::PageDown)).await;
            page.until("the page moves on", async |page| page.script(PLACE).await != before).await;
            before = self.at_rest().await;
        }
    }

    /// Where the page stands once it has stopped: it glides, and a key in the middle of that takes it less far.
    async fn at_rest(&self) -> Value {
        let page = self.page;
        let mut place = page.script(PLACE).await;
        loop {
            tokio::time::sleep(Duration::from_millis(150)).await;
            let next = page.script(PLACE).await;
            if next == place {
                return place;
            }
            place = next;
        }
    }

    async fn confusion(&self) -> Value {
        let mut counts = Vec::new();
        for name in ["true-positives", "false-positives", "false-negatives", "true-negatives"] {
            counts.push(self.page.number(name).await);
        }
        json!(counts)
    }

    /// Agreement and pace, as the command line tells them.
    async fn reviewers_are_those_of(&self, insight: &Value) {
        let (shown, kappas) = (self.page.text("agreement-prompt").await, self.page.text("kappas").await);
        let prompts = &insight["agreement"][0];
        let pair = &prompts["pairs"][0];
        for figure in [&prompts["alpha_nominal"], &prompts["alpha_ordinal"], &pair["kappa"]] {
            let value = format!("{:.3}", figure["value"].as_f64().expect("both labels were given"));
            assert!(shown.contains(&value), "{value} is in: {shown}");
        }
        for text in [&pair["first"], &pair["second"]] {
            assert!(kappas.contains(text.as_str().unwrap()), "{kappas}");
        }
        assert!(kappas.contains(&format!("{} of {}", pair["agree"], pair["n"])), "{kappas}");
        let table = self.page.text("insight-reviewers").await;
        for row in insight["reviewers"].as_array().unwrap() {
            let name = row["reviewer"].as_str().unwrap();
            let line = table.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            assert!(
                line.split_whitespace()
                    .any(|word| word.parse() == Ok(row["decided"].as_u64().unwrap_or_default())),
                "{name}: {table}"
            );
        }
    }
}

const PLACE: &str = "return document.querySelector('[data-testid=insight]').scrollTop";
const AT_END: &str = "const page = document.querySelector('[data-testid=insight]'); \
     return page.scrollTop + page.clientHeight >= page.scrollHeight - 2";

/// What the command line counts against gold at a threshold.
fn expected(stats: &Value, threshold: f64) -> Value {
    let curves = stats["insight"]["curves"].as_array().unwrap();
    let gold = curves.iter().find(|found| found["task"] == "prompt" && found["against"] == "gold").unwrap();
    let rows = gold["thresholds"].as_array().unwrap();
    let row = rows.iter().find(|row| row["threshold"] == threshold).unwrap();
    let names = ["true_positives", "false_positives", "false_negatives", "true_negatives"];
    json!(names.map(|name| row["confusion"][name].as_i64().unwrap()))
}
