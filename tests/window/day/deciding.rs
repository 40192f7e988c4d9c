//! What reviewers do all day: a hundred decisions, a second look at some, five disagreements settled, and fifty copies at once.

use serde_json::{Value, json};

use super::{AGREED, COPIES, DECIDED, DISPUTED, Day, FORUM, Item, WAVE};
use crate::program::lines;

/// The keys of the labels of the policy.
const SAFE: char = '1';
const UNSAFE: char = '2';

impl Item {
    /// The key of what it is.
    const fn key(self) -> char {
        if self.is_unsafe { UNSAFE } else { SAFE }
    }

    /// The key of what it is not.
    const fn other_key(self) -> char {
        if self.is_unsafe { SAFE } else { UNSAFE }
    }
}

impl Day<'_> {
    pub(super) async fn decide_a_hundred(&self) {
        let page = self.page;
        page.command_reviewer("ana").await;
        page.command_queue(FORUM).await;
        page.shot("day-blind-light").await;
        let mut gold_met = 0;
        for _ in 0..DECIDED {
            let id = self.on_screen().await;
            let item = self.items[&id];
            assert!(page.has("verdict-hidden").await, "nothing tells what the guard said");
            page.press(item.key()).await;
            page.until("it is saved", async |page| page.has("decided-by").await).await;
            gold_met += i64::from(item.is_gold);
            if item.is_gold && gold_met == 1 {
                assert_eq!(page.attribute("gold", "data-agrees").await, "true", "the answer is said at once");
                page.shot("day-gold-light").await;
            }
            self.go_on_from(&id).await;
        }

        let kept = "SELECT count(*) FROM decisions AS d JOIN policies AS p ON p.id = d.policy_id WHERE d.kind = 'label' \
             AND d.reviewer = 'ana' AND p.name = 'sea-guard' AND p.version = 1";
        assert_eq!(self.count(kept), 100, "each with the version of the policy");
        let blind = format!("{kept} AND d.verdict_visible = 0 AND d.verdict_id IS NOT NULL");
        assert_eq!(self.count(&blind), 100, "each before its verdict was seen, though there was one");
        assert!(gold_met > 0, "gold is mixed in");
        let gold = "SELECT count(*) FROM decisions AS d JOIN tasks AS t ON t.item_id = d.item_id \
             WHERE t.gold_label IS NOT NULL";
        assert_eq!(self.count(gold), gold_met);
        let waiting = "SELECT count(*) FROM tasks WHERE awaiting = 'second'";
        assert_eq!(self.count(waiting), 100 - gold_met, "all others wait for a second reviewer");
        assert_eq!(self.stats(FORUM)["items"]["decided"], gold_met, "and count as decided after that");
    }

    /// Goes to the item after the one that is decided.
    async fn go_on_from(&self, id: &str) {
        self.page.enter().await;
        self.page
            .until("the next item is there", async |page| {
                let next = page.attribute("item", "data-item").await;
                !next.is_empty() && next != id
            })
            .await;
    }

    /// A second reviewer finds five items otherwise and five alike, and sees nothing of the first.
    pub(super) async fn review_a_second_time(&self) {
        let page = self.page;
        page.command_reviewer("ben").await;
        page.command_theme("dark").await;
        page.command_queue(FORUM).await;
        page.shot("day-second-dark").await;
        let mut met = 0;
        while met < DISPUTED + AGREED {
            let id = self.on_screen().await;
            let item = self.items[&id];
            assert!(
                page.has("verdict-hidden").await && !page.has("decided-by").await,
                "nor what ana decided"
            );
            let disputes = !item.is_gold && met < DISPUTED;
            page.press(if disputes { item.other_key() } else { item.key() }).await;
            page.until("it is saved", async |page| page.text("decided-by").await.contains("ben")).await;
            met += usize::from(!item.is_gold);
            self.go_on_from(&id).await;
        }

        let found = self.desk.json(&["disagreements", "--queue", FORUM]);
        let found = found.as_array().unwrap();
        assert_eq!(found.len(), DISPUTED);
        assert!(found.iter().all(|one| one["decisions"].as_array().unwrap().len() == 2), "side by side");
        let settled = "SELECT count(*) FROM tasks WHERE state = 'decided' AND gold_label IS NULL";
        assert_eq!(self.count(settled), i64::try_from(AGREED).unwrap(), "two who agree settle an item");
        let knowing = "SELECT count(*) FROM decisions WHERE supersedes IS NOT NULL OR verdict_visible <> 0";
        assert_eq!(self.count(knowing), 0, "nobody knew of the other, or of a verdict");
    }

    /// Somebody who made neither decision says for each what it is.
    pub(super) async fn settle_what_differs(&self) {
        let page = self.page;
        page.command_reviewer("lead").await;
        page.command_theme("dark").await;
        page.command("disagreements", "palette-go-adjudicate").await;
        page.see("side-by-side").await;
        page.see("item").await;
        page.shot("day-settle-dark").await;
        for left in (0..DISPUTED).rev() {
            let id = self.on_screen().await;
            page.press(self.items[&id].key()).await;
            page.until("a label is chosen", async |page| {
                page.attribute("settle", "disabled").await.is_empty()
            })
            .await;
            page.enter().await;
            page.until("it is settled", async |page| {
                let next = page.attribute("item", "data-item").await;
                page.text("to-settle").await.starts_with(&left.to_string()) && (left == 0 || next != id)
            })
            .await;
        }
        page.see("adjudicate-empty").await;

        let settled = self.texts(
            "SELECT d.item_id || ' ' || d.label FROM decisions AS d JOIN tasks AS t ON t.decision_id = d.id \
             WHERE d.kind = 'adjudicate' AND d.reviewer = 'lead' AND t.state = 'decided' AND t.awaiting IS NULL",
        );
        assert_eq!(settled.len(), DISPUTED);
        for line in settled {
            let (id, label) = line.split_once(' ').unwrap();
            assert_eq!(label == "unsafe", self.items[id].is_unsafe, "as the lead found it");
        }
        assert_eq!(self.desk.json(&["disagreements", "--queue", FORUM]), json!([]));
    }

    /// Fifty copies of an item are decided with it, and one key takes all of that back.
    pub(super) async fn decide_copies_at_once_and_undo(&self) {
        let page = self.page;
        self.import_copies().await;
        page.command_queue(WAVE).await;
        page.press('d').await;
        page.until("its copies are there", async |page| {
            page.text("alike-count").await.contains(&format!("{COPIES} items, {COPIES} undecided"))
        })
        .await;
        page.press('b').await;
        page.until("they are decided with it", async |page| {
            page.attribute("decide-alike", "aria-pressed").await == "true"
        })
        .await;
        page.shot("day-copies-dark").await;
        page.press(SAFE).await;
        page.until("all are decided", async |page| {
            page.text("message").await.contains(&format!("{COPIES} more items"))
        })
        .await;
        page.shot("day-copies-decided-dark").await;

        let all = i64::try_from(COPIES + 1).unwrap();
        let said = "SELECT reviewer || ' ' || label || ' ' || (reason IS NULL) || ' ' || count(*) FROM decisions AS d \
             JOIN items AS i ON i.id = d.item_id JOIN queues AS q ON q.id = i.queue_id \
             WHERE q.name = 'wave' AND d.kind = 'label' GROUP BY reviewer, label, reason IS NULL ORDER BY 1";
        assert_eq!(
            self.texts(said),
            ["lead safe 0 50", "lead safe 1 1"],
            "one was looked at, and that is kept"
        );
        assert_eq!(self.stats(WAVE)["items"]["decided"], all);

        page.press_with_control('z').await;
        page.until("it is taken back", async |page| {
            let said = page.text("message").await;
            said.contains("Undone") && said.contains(&format!("{COPIES} more items"))
        })
        .await;
        page.until("nothing is decided", async |page| page.number("queue-decided").await == 0).await;
        assert_eq!(self.stats(WAVE)["items"]["pending"], all);
        let undone = "SELECT count(*) FROM decisions AS u JOIN decisions AS d ON d.id = u.undoes \
             WHERE u.kind = 'undo' AND d.kind = 'label'";
        assert_eq!(self.count(undone), all, "each by a row of its own");
    }

    async fn import_copies(&self) {
        let page = self.page;
        let text = |n: usize| {
            format!(
                "You have won a new telephone and a journey for two. Send the word PRIZE and your full name to the \
                 short number 4711 before midnight. Your ticket has the number {n}."
            )
        };
        let rows: Vec<Value> =
            (0..=COPIES).map(|n| json!({"id": format!("copy-{n}"), "prompt": text(n + 10)})).collect();
        let file = self.desk.file(&format!("{WAVE}.jsonl"), lines(&rows));
        page.answer_dialogs(json!([file])).await;
        page.command_to("import").await;
        page.tab_and_press("import-another").await;
        page.tab_and_press("import-pick").await;
        self.choose_policy("qwen3guard").await;
        page.tab_and_press("import-start").await;
        page.until("all rows are in", async |page| page.text("report-added").await == "51").await;
    }
}
