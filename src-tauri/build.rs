//! Embeds the page, with a clear word where it was not built yet.

use std::{env, path::Path, process};

fn main() {
    println!("cargo:rerun-if-changed=../ui/dist");
    println!("cargo:rerun-if-changed=../icons");
    let embeds = env::var_os("CARGO_FEATURE_CUSTOM_PROTOCOL").is_some();
    if embeds && !Path::new("../ui/dist/index.html").exists() {
        println!(
            "cargo:warning=the window's page is missing: run `make ui` (npm ci && npm run build in ui/) first"
        );
        process::exit(1);
    }
    tauri_build::build();
}
