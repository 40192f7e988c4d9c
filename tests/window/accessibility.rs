//! The window for people who use the keyboard, a screen reader, large text or little motion: axe on every screen in both
//! themes, focus that is seen, and nothing lost at 200 %.

use std::fs;

use serde_json::{Value, json};

use super::{driver::Window, page::Page};
use crate::program::Desk;

const SCREENS: [&str; 10] =
    ["queues", "review", "adjudicate", "team", "import", "run", "guards", "export", "insight", "settings"];
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/node_modules/axe-core/axe.min.js");

/// A demo queue with its verdicts, one of them decided, so that every screen has something on it.
async fn filled(page: &Page) {
    page.click("start-demo").await;
    page.see("run-start").await;
    // What is said above the button comes in after it, and moves it.
    page.settle().await;
    page.click("run-start").await;
    page.until("the run is done", async |page| page.attribute("run-state", "data-state").await == "done")
        .await;
    page.go("review").await;
    page.see("item").await;
    page.press('1').await;
    page.write("reviewer-name", "ana").await;
    page.enter().await;
    page.until("the decision is saved", async |page| page.number("queue-decided").await == 1).await;
}

async fn wear(page: &Page, theme: &str) {
    page.go("settings").await;
    page.click(&format!("theme-{theme}")).await;
    page.until("the theme is on", async |page| {
        page.script("return document.documentElement.dataset.theme").await == json!(theme)
    })
    .await;
}

/// What axe has against the page as it is: rule, impact and the first element of each.
async fn found_by_axe(page: &Page) -> Vec<String> {
    // Colours fade in within 120 ms; half-way there they are nobody's.
    page.settle().await;
    let found = page
        .ask(
            "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }) \
             .then((r) => r.violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.map((n) => n.html).slice(0, 3).join(' ')}`))",
        )
        .await;
    let Value::Array(found) = found else { panic!("axe answers with a list: {found}") };
    found.iter().map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn axe_finds_nothing_on_any_screen_in_either_theme() {
    let desk = Desk::new();
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    page.script(&fs::read_to_string(AXE).expect("axe-core is among the packages of the page")).await;
    let mut found = Vec::new();
    found.extend(found_by_axe(page).await.into_iter().map(|line| format!("first start: {line}")));
    filled(page).await;
    for (theme, language) in [("light", "en"), ("dark", "en"), ("dark", "id"), ("light", "id")] {
        wear(page, theme).await;
        page.click(&format!("language-{language}")).await;
        for screen in SCREENS {
            page.go(screen).await;
            for line in found_by_axe(page).await {
                found.push(format!("{screen}, {theme}, {language}: {line}"));
            }
            page.shot(&format!("axe-{screen}-{theme}-{language}")).await;
        }
    }
    page.close().await;
    assert!(found.is_empty(), "axe has something against it:\n{}", found.join("\n"));
}

/// Everything that is out of reach in a small window: beyond its right edge, and in nothing that scrolls there.
const BEYOND: &str = "const scrolls = (e) => e && e !== document.body \
     && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement)); \
     return [...document.querySelectorAll('button, input, select, textarea, h1, h2, p')] \
       .filter((e) => e.getBoundingClientRect().width > 0 && !e.closest('.sr-only')) \
       .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement)) \
       .map((e) => e.dataset.testid ?? e.textContent.trim().slice(0, 40))";

/// Buttons of the review that something else lies over, or that cannot be scrolled into sight.
const COVERED: &str = "return [...document.querySelectorAll('[data-testid=place-review] button')] \
       .filter((e) => !e.closest('[data-testid=item-list]') && getComputedStyle(e).display !== 'none' && e.offsetParent) \
       .filter((e) => { e.scrollIntoView({ block: 'center' }); const r = e.getBoundingClientRect(); \
         const at = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2); \
         return r.width > 0 && !(at && (e.contains(at) || at.contains(e))); }) \
       .map((e) => e.dataset.testid ?? e.textContent.trim())";

#[tokio::test]
async fn nothing_is_lost_at_200_percent() {
    let desk = Desk::new();
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    filled(page).await;
    // 1280 by 800 at 200 % lays out 640 by 400
    page.resize(640, 400).await;
    for language in ["en", "id"] {
        page.go("settings").await;
        page.click(&format!("language-{language}")).await;
        for screen in SCREENS {
            page.go(screen).await;
            page.settle().await;
            page.shot(&format!("{screen}-zoomed-{language}")).await;
            assert_eq!(
                page.script(BEYOND).await,
                json!([]),
                "{screen} in {language} is wider than the window"
            );
        }
        page.go("review").await;
        page.settle().await;
        assert_eq!(page.script(COVERED).await, json!([]), "every button of the review can be reached");
    }
    page.close().await;
}

#[tokio::test]
async fn every_stop_of_the_tab_key_shows_that_it_has_the_focus() {
    let desk = Desk::new();
    let Some(window) = Window::open(&desk.workspace()).await else { return };
    let page = &window.page;
    filled(page).await;
    for screen in SCREENS {
        page.go(screen).await;
        page.settle().await;
        page.script("document.activeElement?.blur(); window.scrollTo(0, 0)").await;
        let mut seen = 0;
        for _ in 0..24 {
            page.press(char::from(fantoccini::key::Key::Tab)).await;
            let stop = page
                .script(
                    "const e = document.activeElement; if (!e || e === document.body) return null; \
                     const ring = (x) => x && parseFloat(getComputedStyle(x).outlineWidth) > 0 \
                       && getComputedStyle(x).outlineStyle !== 'none'; \
                     return [ring(e) || ring(e.closest('label')), e.outerHTML.slice(0, 160)]",
                )
                .await;
            let Value::Array(stop) = stop else { continue };
            seen += 1;
            assert_eq!(stop[0], json!(true), "{screen}: {} has the focus and does not show it", stop[1]);
        }
        assert!(seen > 8, "{screen} is gone through by the Tab key, {seen} stops");
    }
    page.close().await;
}
