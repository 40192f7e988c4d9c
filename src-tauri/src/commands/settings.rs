//! The settings screen, and the check of the chain of events.

use saring_verdict::{Mode, Reading, SensitiveAs};
use tauri::State;

use crate::{
    convert::count,
    failure::{Answer, sentence},
    session::Session,
    wire::{AuditView, Failure, SettingsView},
};

#[tauri::command]
#[specta::specta]
pub(crate) async fn settings(session: State<'_, Session>) -> Answer<SettingsView> {
    Ok(view(session.workspace().await?.reading().await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_settings(
    session: State<'_, Session>,
    settings: SettingsView,
) -> Answer<SettingsView> {
    let workspace = session.workspace().await?;
    workspace.set_reading(reading(&settings)?).await?;
    Ok(view(workspace.reading().await?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn verify_audit(session: State<'_, Session>) -> Answer<AuditView> {
    let report = session.workspace().await?.verify(None).await?;
    let problems = report.problems.iter().map(|problem| sentence(&problem.to_string())).collect();
    Ok(AuditView { events: count(report.events), head: report.head, problems })
}

fn view(reading: Reading) -> SettingsView {
    let sensitive = |as_what| match as_what {
        SensitiveAs::Safe => "safe".to_owned(),
        SensitiveAs::Unsafe => "unsafe".to_owned(),
    };
    SettingsView {
        mode: match reading.mode {
            Mode::Strict => "strict",
            Mode::Loose => "loose",
        }
        .to_owned(),
        sensitive_prompt: sensitive(reading.sensitive_prompt),
        sensitive_response: sensitive(reading.sensitive_response),
    }
}

fn reading(settings: &SettingsView) -> Answer<Reading> {
    let unknown =
        |word: &str| Failure::invalid(format!("There is no setting {word:?}"), "Choose one of those offered");
    let sensitive = |word: &str| match word {
        "safe" => Ok(SensitiveAs::Safe),
        "unsafe" => Ok(SensitiveAs::Unsafe),
        other => Err(unknown(other)),
    };
    Ok(Reading {
        mode: match settings.mode.as_str() {
            "strict" => Mode::Strict,
            "loose" => Mode::Loose,
            other => return Err(unknown(other)),
        },
        sensitive_prompt: sensitive(&settings.sensitive_prompt)?,
        sensitive_response: sensitive(&settings.sensitive_response)?,
    })
}
