//! The page in the window: what is on it, found by `data-testid`, and the keys that go to it.

use std::{env, fs, path::PathBuf, time::Duration};

use fantoccini::{
    Client, Locator,
    actions::{InputSource, KeyAction, KeyActions},
    elements::Element,
    key::Key,
};
use serde_json::{Value, json};

/// How long anything may take to show; only a limit for a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(40);

pub struct Page {
    client: Client,
}

impl Page {
    /// Waits until the program has started, and begins to note what the content security policy refuses.
    pub async fn new(client: Client) -> Self {
        let page = Self { client };
        page.see("nav-queues").await;
        page.script(
            "window.refused = []; document.addEventListener('securitypolicyviolation', \
             (e) => window.refused.push(e.effectiveDirective + ' ' + e.blockedURI))",
        )
        .await;
        page
    }

    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    pub async fn resize(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.expect("the window has a size");
    }

    /// What a promise comes to.
    pub async fn ask(&self, promise: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1]; {promise}.then(done, (e) => done('failed: ' + e))"
        );
        match self.client.execute_async(&script, vec![]).await {
            Ok(answer) => answer,
            Err(error) => {
                self.shot("failed").await;
                panic!("{promise}: {error}")
            }
        }
    }

    /// Waits until nothing is on its way and colours have faded in, which takes at most 120 ms.
    pub async fn settle(&self) {
        self.until("it has loaded", async |page| !page.has("waiting").await).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    /// What the content security policy has refused so far.
    pub async fn refused(&self) -> Value {
        self.script("return window.refused").await
    }

    /// Whether a request to the network is refused by the page.
    pub async fn network_is_refused(&self) -> bool {
        let script = "const done = arguments[arguments.length - 1]; \
             fetch('https://example.org/').then(() => done(false), () => done(true))";
        self.client.execute_async(script, vec![]).await.unwrap() == json!(true)
    }

    /// From now on a dialog that asks for files or a folder gets `answer`: dialogs of the system cannot be driven.
    pub async fn answer_dialogs(&self, answer: Value) {
        let script = "const answer = arguments[0]; window.realFetch ??= window.fetch; \
             window.fetch = (where, ...rest) => decodeURIComponent(String(where)).includes('plugin:dialog|') \
               ? Promise.resolve(new Response(JSON.stringify(answer), \
                   { headers: { 'Tauri-Response': 'ok', 'content-type': 'application/json' } })) \
               : window.realFetch(where, ...rest)";
        self.client.execute(script, vec![answer]).await.unwrap();
    }

    /// The first element of this name, once it is there.
    pub async fn see(&self, name: &str) -> Element {
        let css = format!("[data-testid=\"{name}\"]");
        match self.client.wait().at_most(PATIENCE).for_element(Locator::Css(&css)).await {
            Ok(element) => element,
            Err(error) => {
                let text = self.script("return document.body.innerText.slice(0, 2000)").await;
                self.shot("failed").await;
                panic!("there is no {name} on the page ({error}); it says: {text}")
            }
        }
    }

    pub async fn has(&self, name: &str) -> bool {
        self.client.find(Locator::Css(&format!("[data-testid=\"{name}\"]"))).await.is_ok()
    }

    pub async fn click(&self, name: &str) {
        for _ in 0..50 {
            // It may be drawn anew between being found and being clicked.
            let element = self.see(name).await;
            if element.is_enabled().await.unwrap_or(false) && element.click().await.is_ok() {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("{name} cannot be clicked");
    }

    pub async fn write(&self, name: &str, text: &str) {
        self.see(name).await.send_keys(text).await.unwrap();
    }

    /// The text of an element; empty if it is not there.
    pub async fn text(&self, name: &str) -> String {
        let script = "return document.querySelector(`[data-testid=\"${arguments[0]}\"]`)?.innerText ?? ''";
        let text = self.client.execute(script, vec![json!(name)]).await.unwrap();
        text.as_str().unwrap_or_default().to_owned()
    }

    pub async fn attribute(&self, name: &str, attribute: &str) -> String {
        let script = "return document.querySelector(`[data-testid=\"${arguments[0]}\"]`)?.getAttribute(arguments[1]) ?? ''";
        let value = self.client.execute(script, vec![json!(name), json!(attribute)]).await.unwrap();
        value.as_str().unwrap_or_default().to_owned()
    }

    /// A count that an element shows.
    pub async fn number(&self, name: &str) -> i64 {
        self.text(name).await.replace(',', "").trim().parse().unwrap_or(-1)
    }

    /// Waits until `holds` does; `what` says what was waited for.
    pub async fn until(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        let tries = PATIENCE.as_millis() / POLL.as_millis();
        for _ in 0..tries {
            if holds(self).await {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        let text = self.script("return document.body.innerText.slice(0, 2000)").await;
        self.shot("failed").await;
        panic!("waited in vain until {what}; the page says: {text}");
    }

    /// Presses a key, wherever the focus is.
    pub async fn press(&self, key: char) {
        let keys = KeyActions::new("keyboard".into())
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key });
        self.client.perform_actions(keys).await.unwrap();
    }

    pub async fn enter(&self) {
        self.press(char::from(Key::Enter)).await;
    }

    pub async fn press_with_control(&self, key: char) {
        self.press_with(Key::Control, key).await;
    }

    pub async fn press_with_shift(&self, key: char) {
        self.press_with(Key::Shift, key).await;
    }

    async fn press_with(&self, held: Key, key: char) {
        let held = char::from(held);
        let keys = KeyActions::new("keyboard".into())
            .then(KeyAction::Down { value: held })
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key })
            .then(KeyAction::Up { value: held });
        self.client.perform_actions(keys).await.unwrap();
    }

    pub async fn type_out(&self, text: &str) {
        for letter in text.chars() {
            self.press(letter).await;
        }
    }

    /// Goes to a screen by its place in the column of screens.
    pub async fn go(&self, screen: &str) {
        self.click(&format!("nav-{screen}")).await;
        self.see(&format!("place-{screen}")).await;
    }

    /// Keeps a screenshot if they are wanted.
    pub async fn shot(&self, name: &str) {
        let folder = env::var_os("SARING_SHOTS").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let Some(folder) = folder else { return };
        // Motion takes at most 120 ms, and a picture in the middle of it shows nothing.
        tokio::time::sleep(Duration::from_millis(300)).await;
        // A screenshot waits for the next frame, and a page that draws without OpenGL has none until something is drawn anew.
        self.script(
            "let left = 60; const { style } = document.body; const frame = () => { \
               style.outline = left % 2 === 0 ? '' : '1px solid transparent'; \
               if (left-- > 0) requestAnimationFrame(frame) }; frame()",
        )
        .await;
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), self.client.screenshot().await.unwrap()).unwrap();
    }

    pub async fn close(&self) {
        self.client.clone().close().await.unwrap();
    }
}
