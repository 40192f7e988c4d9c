//! What somebody does who has no mouse: Tab and Enter, arrows among a few choices, and the palette.

use fantoccini::key::Key;
use serde_json::json;

use super::page::Page;

/// More than there is to pass by on any screen.
const TABS_MAX: usize = 120;

impl Page {
    /// Whether an element of this name, or something in it, has the focus.
    pub async fn has_focus(&self, name: &str) -> bool {
        let script = format!("return document.activeElement?.closest('[data-testid=\"{name}\"]') != null");
        self.script(&script).await == json!(true)
    }

    pub async fn focused(&self, name: &str) {
        self.until(&format!("{name} has the focus"), async |page| page.has_focus(name).await).await;
    }

    /// Moves the focus on until an element of this name, or something in it, has it.
    pub async fn tab_to(&self, name: &str) {
        self.see(name).await;
        for _ in 0..TABS_MAX {
            if self.has_focus(name).await {
                return;
            }
            self.press(char::from(Key::Tab)).await;
        }
        self.shot("failed").await;
        panic!("{name} cannot be reached by Tab");
    }

    /// Goes to a button by Tab, and presses it.
    pub async fn tab_and_press(&self, name: &str) {
        self.tab_to(name).await;
        self.enter().await;
    }

    /// Writes over what a field holds.
    pub async fn write_over(&self, name: &str, text: &str) {
        self.tab_to(name).await;
        self.press_with_control('a').await;
        self.type_out(text).await;
    }

    /// Opens the palette, types until `entry` is what Enter takes, and takes it.
    pub async fn command(&self, typed: &str, entry: &str) {
        self.press_with_control('k').await;
        self.focused("palette-input").await;
        self.type_out(typed).await;
        let chosen = format!(
            "return document.querySelectorAll('[data-testid=\"palette\"] [data-testid=\"{entry}\"][data-selected]').length"
        );
        self.until(&format!("{entry} is chosen in the palette"), async |page| {
            page.script(&chosen).await == json!(1)
        })
        .await;
        let twice = "const all = [...document.querySelectorAll('[data-testid=palette] [role=option]')]; \
                     return all.length - new Set(all.map((e) => e.dataset.value)).size";
        assert_eq!(self.script(twice).await, json!(0), "the palette has everything once");
        self.enter().await;
        self.until("the palette is gone", async |page| !page.has("palette").await).await;
    }

    /// Goes to a screen by the palette.
    pub async fn command_to(&self, screen: &str) {
        self.command(&format!("go to {screen}"), &format!("palette-go-{screen}")).await;
        self.see(&format!("place-{screen}")).await;
    }

    /// Opens a queue by the palette, at an item.
    pub async fn command_queue(&self, queue: &str) {
        self.command(queue, "palette-queue").await;
        self.until(&format!("the queue {queue} is open"), async |page| {
            page.text("queue-name").await == queue && page.has("item").await
        })
        .await;
    }

    /// Gives the window to another reviewer.
    pub async fn command_reviewer(&self, name: &str) {
        self.command("change the reviewer", "palette-reviewer").await;
        self.focused("reviewer-name").await;
        self.press_with_control('a').await;
        self.type_out(name).await;
        self.enter().await;
        self.until("the name is kept", async |page| page.text("settings-reviewer").await.contains("Saved"))
            .await;
    }

    /// Makes the window light or dark for the reviewer who has it.
    pub async fn command_theme(&self, theme: &str) {
        self.command_to("settings").await;
        self.tab_to("theme").await;
        // Arrows stop at both ends.
        for key in [Key::Right, Key::Right, Key::Left, Key::Left] {
            if self.has_focus(&format!("theme-{theme}")).await {
                break;
            }
            self.press(char::from(key)).await;
        }
        self.until(&format!("the window is {theme}"), async |page| {
            page.script("return document.documentElement.dataset.theme").await == json!(theme)
        })
        .await;
    }
}
