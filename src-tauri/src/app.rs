//! Wiring.
use tauri::{Builder, Runtime};

/// Everything in the window that is not of the desktop's system.
pub struct App;

impl App {
    /// Adds it.
    pub fn install<R: Runtime>(self, builder: Builder<R>) -> Builder<R> {
        builder.invoke_handler(crate::bindings::commands::<R>().invoke_handler())
    }
}

/// Opens the window.
pub fn run() {
    let _ = App.install(tauri::Builder::default()).plugin(tauri_plugin_dialog::init()).run(tauri::generate_context!());
}
