//! Where the workspace lies when nobody says so: the same for every face.

use std::{env, path::PathBuf};

/// The platform's folder for a user's data, and `saring` in it: `$XDG_DATA_HOME/saring` or `~/.local/share/saring`,
/// `~/Library/Application Support/Saring` on macOS, `%APPDATA%\Saring` on Windows. `None` if the user has no home.
pub fn default_folder() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return Some(folder("APPDATA")?.join("Saring"));
    }
    if cfg!(target_os = "macos") {
        return Some(folder("HOME")?.join("Library/Application Support/Saring"));
    }
    let data = folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share")))?;
    Some(data.join("saring"))
}
