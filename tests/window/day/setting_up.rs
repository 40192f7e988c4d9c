//! What a lead does first: a file, a policy, a guard, and how the queue is reviewed.

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::{DECIDED, Day, FORUM, GOLD, Item};
use crate::program::lines;

impl Day<'_> {
    pub(super) async fn import_under_a_policy(&mut self, rows: &[(Value, Item)]) {
        let page = self.page;
        let written: Vec<Value> = rows.iter().map(|(row, _)| row.clone()).collect();
        let file = self.desk.file(&format!("{FORUM}.jsonl"), lines(&written));
        page.answer_dialogs(json!([file])).await;
        page.see("first-start").await;
        page.tab_and_press("start-import").await;
        self.choose_policy("sea-guard").await;
        page.shot("day-import-light").await;
        page.tab_and_press("import-start").await;
        page.see("import-report").await;

        let ids = self.texts("SELECT id FROM items ORDER BY seq");
        assert_eq!(ids.len(), DECIDED + GOLD + 4, "every row is an item");
        self.items = ids.into_iter().zip(rows.iter().map(|(_, item)| *item)).collect();
        let gold = "SELECT count(*) FROM tasks WHERE gold_label IS NOT NULL";
        assert_eq!(self.count(gold), i64::try_from(GOLD).unwrap());
    }

    /// Says under which policy the rows that are on screen are reviewed.
    pub(super) async fn choose_policy(&self, name: &str) {
        let page = self.page;
        page.see("import-preview").await;
        page.tab_to("import-policy").await;
        // A list goes to what begins with what is typed.
        page.type_out(&name[..1]).await;
        page.until("the policy is chosen", async |page| {
            page.script("return document.querySelector('[data-testid=import-policy]').value").await == name
        })
        .await;
    }

    pub(super) async fn let_the_guard_judge(&self) {
        let page = self.page;
        page.tab_and_press("report-label").await;
        page.tab_and_press("run-start").await;
        page.until("the run is done", async |page| page.attribute("run-state", "data-state").await == "done")
            .await;
        assert_eq!(self.count("SELECT count(*) FROM verdicts"), i64::try_from(self.items.len()).unwrap());
    }

    /// Everything goes to two reviewers, and of what comes up one in five is gold.
    pub(super) async fn plan_gold_and_a_second_review(&self) {
        let page = self.page;
        page.command_to("queues").await;
        page.tab_and_press("queue-plan").await;
        for (field, percent, said) in [
            ("plan-second", "100", "100% of the items go to two reviewers"),
            ("plan-gold", "20", "20% of what comes up are gold items"),
        ] {
            page.write_over(field, percent).await;
            page.press(char::from(Key::Tab)).await;
            page.until("it says what that changes", async |page| page.text("plan-said").await.contains(said))
                .await;
        }
        page.shot("day-plan-light").await;
        let report = self.desk.json(&["plan", FORUM]);
        let kept = (&report["mode"], &report["plan"]["double"], &report["plan"]["gold"]);
        assert_eq!(kept, (&json!("annotation"), &json!("100%"), &json!("20%")));
        assert_eq!(report["plan"]["feedback"], "immediate");
    }
}
