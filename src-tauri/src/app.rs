//! Wiring: what the window is made of and how it is opened.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::Arc,
};

use saring_desk::engine::EngineFactory;
use tauri::{AppHandle, Builder, Manager, Runtime, WebviewUrl, WebviewWindowBuilder};
use tauri_plugin_window_state::StateFlags;
use tracing_subscriber::EnvFilter;

use crate::{bindings, media, session::Session};

/// The window's label; its capabilities name it too.
const MAIN: &str = "main";
const IDENTIFIER: &str = "org.saring.desktop";

/// Everything in the window that is not of the desktop's system: commands, images and the state behind them.
pub struct App {
    session: Session,
}

impl App {
    /// The workspace in `folder`, opened when the page asks for it; guards run in the engine program beside this one.
    pub fn new(folder: PathBuf) -> Self {
        Self { session: Session::new(folder, None) }
    }

    /// The same with guards that `engines` makes.
    pub fn with_engines(folder: PathBuf, engines: Arc<dyn EngineFactory>) -> Self {
        Self { session: Session::new(folder, Some(engines)) }
    }

    /// Puts it into an application of tauri's, the real one or the one for tests.
    pub fn install<R: Runtime>(self, builder: Builder<R>) -> Builder<R> {
        builder
            .manage(self.session)
            .invoke_handler(bindings::commands::<R>().invoke_handler())
            .register_asynchronous_uri_scheme_protocol(media::SCHEME, |context, request, responder| {
                let app = context.app_handle().clone();
                tauri::async_runtime::spawn(async move {
                    let session = app.state::<Session>();
                    responder.respond(media::answer(session.workspace().await.ok(), request.uri()).await);
                });
            })
    }
}

/// Opens the window on the workspace in `folder`, and returns when it is closed.
///
/// # Errors
/// If the system gives no window.
pub fn run(folder: PathBuf) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("SARING_LOG").unwrap_or_else(|_| EnvFilter::new("warn")))
        .with_writer(std::io::stderr)
        .init();
    let mut builder = Builder::default();
    // Only a comfort: it needs a session bus, and the database is safe with several windows on it.
    if has_session_bus() {
        builder = builder.plugin(
            tauri_plugin_single_instance::Builder::new()
                .callback(|app, _arguments, _folder| bring_to_front(app))
                .dbus_id(bus_name(&folder))
                .build(),
        );
    }
    let kept = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN;
    App::new(folder)
        .install(builder)
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(kept).build())
        .setup(|app| Ok(open_window(app.handle())?))
        .run(context())?;
    Ok(())
}

/// The embedded page and what `tauri.conf.json` says.
#[allow(clippy::exit, reason = "it stands in tauri's macro, for a damaged bundle")]
fn context() -> tauri::Context {
    tauri::generate_context!()
}

fn open_window(app: &AppHandle) -> tauri::Result<()> {
    #[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default())
        .title("Saring")
        .inner_size(1280.0, 800.0)
        // a screen of 1280 by 800 at 200 % has no more
        .min_inner_size(640.0, 400.0)
        .on_navigation(|url| is_own_page(url.scheme(), url.host_str()))
        .on_new_window(|_address, _features| tauri::webview::NewWindowResponse::Deny)
        .build()?;
    // How it is drawn is a comfort: the window opens all the same.
    #[cfg(target_os = "linux")]
    if let Err(error) = crate::drawing::suit_the_machine(&window) {
        tracing::warn!("the page is drawn as it comes: {error}");
    }
    Ok(())
}

/// Whether an address is the embedded page; everything else, item text with a link in it above all, leads nowhere.
fn is_own_page(scheme: &str, host: Option<&str>) -> bool {
    match scheme {
        "tauri" => host == Some("localhost"),
        // Windows and Android serve the embedded page under this name, without a network.
        "http" | "https" => cfg!(windows) && host == Some("tauri.localhost"),
        _ => false,
    }
}

fn bring_to_front(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN) {
        let shown = window.unminimize().and_then(|()| window.set_focus());
        if let Err(error) = shown {
            tracing::debug!("the window could not be brought to the front: {error}");
        }
    }
}

fn has_session_bus() -> bool {
    !cfg!(target_os = "linux")
        || std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty())
}

/// One name for each workspace: two windows on two workspaces are two programs.
fn bus_name(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    format!("{IDENTIFIER}.w{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_embedded_page_can_be_gone_to() {
        assert!(is_own_page("tauri", Some("localhost")));
        for (scheme, host) in [
            ("https", Some("example.org")),
            ("http", Some("localhost")),
            ("tauri", Some("example.org")),
            ("file", None),
            ("data", None),
            ("media", Some("localhost")),
        ] {
            assert!(!is_own_page(scheme, host), "{scheme} {host:?} is not the page");
        }
    }

    #[test]
    fn each_workspace_has_a_name_of_its_own_on_the_bus() {
        let one = bus_name(Path::new("/nowhere/one"));
        assert_eq!(one, bus_name(Path::new("/nowhere/one")));
        assert_ne!(one, bus_name(Path::new("/nowhere/two")));
    }
}
