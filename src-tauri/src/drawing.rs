//! What draws the page: the graphics card where there is one, and the processor itself where there is none.
//!
//! WebKitGTK composites layers with OpenGL even where OpenGL is a program that runs on the processor. On two cores without a card a
//! frame took 50 to 120 ms that way, the first ones a second, and 20 to 40 ms when drawn plainly (`make responsiveness`). Laptops
//! without a driver for their card, many virtual machines, and servers are like that. A virtual card that offers to render and has
//! that done by the processor is not told apart.

use std::{
    fs::{self, File},
    path::Path,
};

use tauri::WebviewWindow;
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};

/// Where Linux lists what renders: `renderD128` and on, one for each card.
const CARDS: &str = "/dev/dri";

/// Has the page drawn without OpenGL where no card would run it.
///
/// # Errors
/// If the window is gone.
pub(crate) fn suit_the_machine(window: &WebviewWindow) -> tauri::Result<()> {
    if has_card(Path::new(CARDS)) {
        return Ok(());
    }
    window.with_webview(|view| {
        if let Some(settings) = view.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}

/// Whether there is a card, and whoever runs this may use it.
fn has_card(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
        .any(|entry| File::options().read(true).write(true).open(entry.path()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_one_that_renders_and_not_only_a_screen() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_card(&folder.path().join("missing")));
        fs::write(folder.path().join("card0"), "").unwrap();
        assert!(!has_card(folder.path()), "a screen without a renderer, as of a server's board");
        fs::write(folder.path().join("renderD128"), "").unwrap();
        assert!(has_card(folder.path()));
    }
}
