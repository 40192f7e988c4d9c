//! Starts WebKitWebDriver, and through it the window on a workspace of its own.

use std::{
    env,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{ClientBuilder, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

use super::page::Page;
use crate::program::{SARING, skipped};

/// One window at a time: two would fight for the machine and make each other slow.
static ONE_WINDOW: Mutex<()> = Mutex::const_new(());

const DRIVER: &str = "WebKitWebDriver";

/// A window that is open; closed when this is dropped.
pub struct Window {
    pub page: Page,
    driver: Child,
    _turn: MutexGuard<'static, ()>,
}

impl Drop for Window {
    fn drop(&mut self) {
        // The driver does not always end the window that it has started, and one that lives on takes the next start of the
        // same workspace to itself, as single-instance programs do.
        let windows =
            children_of(self.driver.id()).into_iter().filter(|id| name_of(*id).starts_with("saring-desktop"));
        let ids: Vec<String> = windows.map(|id| id.to_string()).collect();
        if !ids.is_empty() {
            let _ = Command::new("kill").arg("-9").args(&ids).status();
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Window {
    /// Opens the window on `workspace`. `None`, and a line that says why, where there can be none.
    pub async fn open(workspace: &Path) -> Option<Self> {
        let program = match program() {
            Ok(program) => program,
            Err(reason) => {
                skipped("the window", &reason);
                return None;
            }
        };
        let turn = ONE_WINDOW.lock().await;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = start_driver(port, workspace);
        let mut wanted = Capabilities::new();
        wanted.insert("webkitgtk:browserOptions".into(), json!({ "binary": program, "args": [] }));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("the window opens and can be driven");
        client.set_window_size(1280, 800).await.expect("the window has a size");
        let page = Page::new(client).await;
        Some(Self { page, driver, _turn: turn })
    }

    /// Process id of the window.
    pub fn id(&self) -> u32 {
        let children = children_of(self.driver.id());
        *children
            .iter()
            .find(|id| name_of(**id).starts_with("saring-desktop"))
            .expect("the driver has started it")
    }

    /// What the window and the processes of its page hold in memory, in MiB: each one's own, and its part of what several share.
    pub fn memory_mib(&self) -> f64 {
        let (mut ids, mut kib) = (vec![self.id()], 0_u64);
        while let Some(id) = ids.pop() {
            ids.extend(children_of(id));
            let rollup = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
            let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            kib += line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0);
        }
        kib as f64 / 1024.0
    }

    /// Process id of the guard's process that the window has started for a run, if one lives.
    pub fn engine_ids(&self) -> Vec<u32> {
        children_of(self.id()).into_iter().filter(|id| name_of(*id) == "saring").collect()
    }
}

/// The program, or why it cannot be tested here.
fn program() -> Result<PathBuf, String> {
    if !cfg!(target_os = "linux") {
        return Err("WebKitWebDriver is there on Linux only".into());
    }
    if env::var_os("DISPLAY").is_none() && env::var_os("WAYLAND_DISPLAY").is_none() {
        return Err("there is no display; run it under xvfb-run".into());
    }
    let found = Command::new(DRIVER).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        return Err(format!("there is no {DRIVER}"));
    }
    let program = Path::new(SARING).with_file_name("saring-desktop");
    if !program.is_file() {
        return Err(format!("{} is not built: cargo build --workspace", program.display()));
    }
    Ok(program)
}

fn start_driver(port: u16, workspace: &Path) -> Child {
    let home = workspace.with_file_name("home");
    let child = Command::new(DRIVER)
        .arg(format!("--port={port}"))
        // The window is the driver's child and inherits all of this.
        .env("SARING_WORKSPACE", workspace)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        // The window speaks the system's language at first; tests read English.
        .env("LANG", "C.UTF-8")
        .env("LANGUAGE", "en")
        .env_remove("SARING_ENGINE")
        // Without it the web view offers no automation, and the session hangs.
        .env("TAURI_WEBVIEW_AUTOMATION", "true")
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the driver starts");
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child
}

fn children_of(id: u32) -> Vec<u32> {
    let lists = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let lists = lists.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

fn name_of(id: u32) -> String {
    std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default().trim().to_owned()
}
