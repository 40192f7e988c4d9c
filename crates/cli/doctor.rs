//! `saring doctor`: this machine, the guard's process and the workspace, and what is wrong with them.

use std::path::Path;

use saring_desk::{
    Workspace,
    engine::{EngineProcess, EngineProgram, ProcessOptions},
};
use saring_verdict::{DeviceInfo, Engine};
use serde::Serialize;

use crate::{
    failure::Advised,
    guarding,
    output::{self, Output},
    place::Place,
};

/// Less free space than this is a problem: a queue's index and its write-ahead log need room to grow.
const FREE_BYTES_MIN: u64 = 500_000_000;

#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    system: String,
    engines: Vec<EngineReport>,
    workspace: WorkspaceReport,
    problems: Vec<String>,
}

/// A program that was tried as the guard's process.
#[derive(Debug, Serialize)]
struct EngineReport {
    program: String,
    devices: Vec<DeviceInfo>,
    error: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct WorkspaceReport {
    path: String,
    disk_free_bytes: Option<u64>,
    database: Option<saring_desk::DatabaseHealth>,
    queues: Vec<QueueReport>,
    guards: Vec<String>,
    events: Option<i64>,
    chain_head: Option<String>,
}

#[derive(Debug, Serialize)]
struct QueueReport {
    name: String,
    items: u64,
    pending: u64,
}

/// Looks at everything. Fails if something is wrong.
pub async fn run(place: &Place, output: Output) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    let engines = engines(&mut problems).await;
    let workspace = workspace(place, &mut problems).await?;
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        engines,
        workspace,
        problems,
    };
    output.show(&report, text)?;
    if report.problems.is_empty() {
        return Ok(());
    }
    Err(Advised {
        what: format!("{} found", if report.problems.len() == 1 { "a problem was" } else { "problems were" }),
        next: "see the list above, first things first".into(),
    }
    .into())
}

/// Starts each program that may serve as the guard's process, and listens to its first line.
async fn engines(problems: &mut Vec<String>) -> Vec<EngineReport> {
    let mut paths: Vec<_> = guarding::cuda_build().into_iter().collect();
    match std::env::current_exe() {
        Ok(path) => paths.push(path),
        Err(error) => problems.push(format!("the place of this program cannot be found out: {error}")),
    }
    let mut reports = Vec::new();
    for path in paths {
        let program = path.display().to_string();
        let tried = tokio::task::spawn_blocking(move || {
            let program = EngineProgram { path, arguments: vec!["engine".into()] };
            EngineProcess::start(&program, ProcessOptions::default())
                .and_then(|mut process| process.devices())
        });
        let (devices, error) = match tried.await {
            Ok(Ok(devices)) => (devices, None),
            Ok(Err(error)) => (Vec::new(), Some(error.to_string())),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        if let Some(error) = &error {
            problems.push(format!("{program} cannot be used as the guard's process: {error}"));
        }
        reports.push(EngineReport { program, devices, error });
    }
    reports
}

async fn workspace(place: &Place, problems: &mut Vec<String>) -> anyhow::Result<WorkspaceReport> {
    let dir = place.dir()?;
    let mut report = WorkspaceReport { path: dir.display().to_string(), ..Default::default() };
    let workspace = match Workspace::open(&dir).await {
        Ok(workspace) => workspace,
        Err(error) => {
            problems.push(format!("the workspace {} cannot be opened: {error}", dir.display()));
            return Ok(report);
        }
    };
    report.disk_free_bytes = disk_free_bytes(&dir);
    if let Some(free) = report.disk_free_bytes.filter(|free| *free < FREE_BYTES_MIN) {
        problems.push(format!("only {} are free on the workspace's disk", output::bytes(free)));
    }
    let health = workspace.database_health().await?;
    problems.extend(health.problems.iter().map(|p| format!("the database: {p}")));
    report.database = Some(health);
    for overview in workspace.queues().await? {
        report.queues.push(QueueReport {
            name: overview.queue.name,
            items: overview.counts.total(),
            pending: overview.counts.pending,
        });
    }
    for guard in workspace.guards().await? {
        if !guard.source.path.exists() {
            problems.push(format!(
                "the files of the guard {:?} are gone: {}",
                guard.name,
                guard.source.path.display()
            ));
        }
        report.guards.push(guard.name);
    }
    let audit = workspace.verify(None).await?;
    problems.extend(audit.problems.iter().map(|p| format!("the history: {p}")));
    report.events = Some(audit.events);
    report.chain_head = Some(audit.head);
    workspace.close().await;
    Ok(report)
}

#[cfg(unix)]
fn disk_free_bytes(dir: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn disk_free_bytes(_dir: &Path) -> Option<u64> {
    None
}

fn text(report: &Report) -> String {
    let mut rows = vec![("saring", format!("{} on {}", report.version, report.system))];
    for engine in &report.engines {
        let state = engine.error.clone().unwrap_or_else(|| "answers".into());
        rows.push(("guard's process", format!("{}: {state}", engine.program)));
        for device in &engine.devices {
            let memory = |bytes: Option<u64>| bytes.map_or_else(|| "?".into(), output::bytes);
            rows.push((
                "  device",
                format!(
                    "{}: {}, {} of {} free",
                    device.kind,
                    device.name,
                    memory(device.memory_free_bytes),
                    memory(device.memory_bytes)
                ),
            ));
        }
    }
    let workspace = &report.workspace;
    rows.push(("workspace", workspace.path.clone()));
    if let Some(free) = workspace.disk_free_bytes {
        rows.push(("  disk", format!("{} free", output::bytes(free))));
    }
    if let Some(database) = &workspace.database {
        rows.push((
            "  database",
            format!(
                "SQLite {}, journal {}, synchronous {}",
                database.sqlite, database.journal_mode, database.synchronous
            ),
        ));
    }
    for queue in &workspace.queues {
        rows.push(("  queue", format!("{}: {} items, {} pending", queue.name, queue.items, queue.pending)));
    }
    for guard in &workspace.guards {
        rows.push(("  guard", guard.clone()));
    }
    if let (Some(events), Some(head)) = (workspace.events, &workspace.chain_head) {
        rows.push(("  history", format!("{events} events, head {head}")));
    }
    let problems = match report.problems.as_slice() {
        [] => "nothing is wrong\n".to_owned(),
        problems => problems.iter().map(|p| format!("PROBLEM {p}\n")).collect(),
    };
    format!("{}{problems}", output::facts(rows))
}
