//! The generated TypeScript is what the page was built against.

use std::{env, fs, path::Path};

/// Writes the file instead of comparing it: `SARING_WRITE_BINDINGS=1 cargo test -p saring-desktop --test bindings`.
const WRITE: &str = "SARING_WRITE_BINDINGS";

#[test]
fn the_committed_bindings_are_those_of_the_commands() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/lib/backend/bindings.ts");
    if env::var_os(WRITE).is_some() {
        fs::create_dir_all(committed.parent().unwrap()).unwrap();
        saring_desktop::write_bindings(&committed).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("bindings.ts");
    saring_desktop::write_bindings(&fresh).unwrap();
    assert!(
        fs::read_to_string(&fresh).unwrap() == fs::read_to_string(&committed).unwrap_or_default(),
        "ui/src/lib/backend/bindings.ts is not current; write it with {WRITE}=1 cargo test -p saring-desktop --test bindings"
    );
}
