//! The commands of the window, by name, and the TypeScript that the page calls them by.

use std::path::Path;

use tauri::Runtime;
use tauri_specta::{Builder, collect_commands};

use crate::commands::{
    alike, assist, export, filters, guards, import, insight, policies, queues, review, runs, settings, start,
    team,
};

/// Every command that the page may call.
pub(crate) fn commands<R: Runtime>() -> Builder<R> {
    // One type for what is read and what is written: nothing here is left out of its JSON.
    Builder::<R>::new().disable_serde_phases().commands(collect_commands![
        start::start,
        start::watch,
        start::open_demo,
        start::save_preferences,
        start::set_reviewer,
        queues::queues,
        queues::queue,
        queues::change_queue,
        queues::draw,
        policies::policies,
        policies::policy,
        policies::save_policy,
        policies::import_policy,
        policies::export_policy,
        policies::policy_change,
        policies::use_policy,
        import::preview_import,
        import::import_files,
        import::cancel_import,
        import::save_import_errors,
        review::list_items,
        review::search,
        review::item,
        review::next_item,
        review::previous_item,
        review::decide,
        review::gesture,
        review::undo,
        review::correct_language,
        review::history,
        filters::list_filtered,
        filters::count_filtered,
        filters::next_filtered,
        filters::saved_filters,
        filters::save_filter,
        filters::rename_filter,
        filters::remove_filter,
        alike::alike,
        alike::decide_all,
        alike::preview_bulk,
        team::set_plan,
        team::disagreements,
        team::adjudicate,
        team::team,
        team::split_queue,
        team::open_bundle,
        team::give_back,
        team::merge_returns,
        runs::forecast_run,
        runs::measure_run,
        runs::start_run,
        runs::pause_run,
        runs::resume_run,
        runs::cancel_run,
        runs::runs,
        guards::guards,
        guards::devices,
        guards::add_guard,
        guards::remove_guard,
        guards::set_default_guard,
        guards::check_guard,
        assist::assistant,
        assist::assist,
        assist::cancel_assist,
        export::preview_export,
        export::export,
        insight::insight,
        insight::calibrate,
        insight::compare,
        insight::paired_tests,
        insight::save_figure,
        settings::settings,
        settings::save_settings,
        settings::verify_audit,
    ])
}

/// Writes the TypeScript of every command and of everything that crosses.
///
/// # Errors
/// If the file cannot be written, or a type cannot be said in TypeScript.
pub fn write_bindings(path: &Path) -> anyhow::Result<()> {
    commands::<tauri::Wry>().export(specta_typescript::Typescript::default(), path)?;
    Ok(())
}
