//! How long a run will take, from what was measured before: by `saring bench`, or by a run on this machine.

use std::{env, fs, thread, time::Duration};

use saring_verdict::{
    BenchPace, BenchRequest, DeviceChoice, DeviceInfo, DeviceKind, Engine, Loaded, PrecisionChoice,
};

use super::{LabelOrder, pace::number};
use crate::{
    Result, Workspace,
    engine::EngineHandle,
    guards::Guard,
    store::{
        paces::{self, PaceKey, PaceRow},
        verdicts,
    },
};

/// Another version may be faster.
const PROGRAM: &str = concat!("saring ", env!("CARGO_PKG_VERSION"));

/// A run that asked about fewer pairs says little about the next one.
const RUN_ITEMS_MIN: u64 = 64;

/// Where a measurement comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Bench,
    Run,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Bench => "bench",
            Self::Run => "run",
        }
    }
}

/// How fast a guard was on this machine.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct MeasuredPace {
    /// "bench" or "run".
    pub source: String,
    /// On how many (item, task) pairs.
    pub items: u64,
    /// Pairs a second.
    pub items_per_second: f64,
    /// Tokens a second, those from the cache included.
    pub tokens_per_second: f64,
    /// RFC 3339.
    pub measured_at: String,
}

/// What can be said of a run before it starts.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Forecast {
    /// The (item, task) pairs that it will judge.
    pub tasks: u64,
    /// The newest measurement of this guard, in that precision, on that device of this machine.
    pub pace: Option<MeasuredPace>,
}

impl Forecast {
    /// How long it takes at that pace; `None` without a measurement.
    pub fn seconds(&self) -> Option<f64> {
        let pace = self.pace.as_ref().filter(|pace| pace.items_per_second > 0.0)?;
        Some(number(self.tasks) / pace.items_per_second)
    }
}

impl Workspace {
    /// What a run will have to do, and how long that takes if it was measured. Nothing is loaded for it.
    ///
    /// # Errors
    /// As [`start_label_run`](Self::start_label_run), for the queue and the guard.
    pub async fn forecast(&self, engine: &EngineHandle, order: &LabelOrder) -> Result<Forecast> {
        let guard = self.ordered_guard(engine, order.guard.as_deref()).await?;
        let queue = self.queue(&order.queue).await?;
        let device = device_of(order.device, engine.devices().await?);
        let mut read = self.store().read().await?;
        let tasks = verdicts::count_unjudged(&mut read, &queue.id, guard.as_judge()).await?;
        let pace = match device {
            Some(device) => {
                let precision = precision_of(order.precision, &guard);
                let machine = machine();
                let key = PaceKey {
                    weights_sha256: &guard.card.weights_sha256,
                    device: device.kind.as_str(),
                    device_name: &device.name,
                    precision: &precision,
                    program: PROGRAM,
                    machine: &machine,
                };
                paces::newest(&mut read, &key).await?
            }
            None => None,
        };
        Ok(Forecast { tasks: u64::try_from(tasks).unwrap_or(0), pace: pace.map(measured) })
    }

    /// Measures the guard of an order on the items that `saring bench` judges, in about `budget` beside loading it; what a run says
    /// of itself from then on.
    ///
    /// # Errors
    /// As [`start_label_run`](Self::start_label_run), and what the engine refuses.
    pub async fn measure(
        &self,
        engine: &EngineHandle,
        order: &LabelOrder,
        budget: Duration,
    ) -> Result<Forecast> {
        let guard = self.ordered_guard(engine, order.guard.as_deref()).await?;
        let request = order.request(&guard, self.features_dir());
        let budget_ms = u64::try_from(budget.as_millis()).unwrap_or(u64::MAX);
        let loaded = engine.ensure_loaded(request, |_| ()).await?;
        guard.check_unchanged(&loaded.card)?;
        let request = BenchRequest { budget_ms, items: None };
        if let Some(pace) = engine.call(move |engine| engine.bench(request)).await?.pace {
            self.remember_bench(&loaded, pace).await?;
        }
        self.forecast(engine, order).await
    }

    /// Remembers what `saring bench` has measured with a guard as it was loaded.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn remember_bench(&self, loaded: &Loaded, pace: BenchPace) -> Result<()> {
        self.remember(loaded, pace, Source::Bench).await
    }

    /// Remembers how fast a run was, if that means something. The next run of that guard goes by it.
    pub(super) async fn remember_run(&self, loaded: &Loaded, pace: BenchPace) -> Result<()> {
        if pace.items < RUN_ITEMS_MIN { Ok(()) } else { self.remember(loaded, pace, Source::Run).await }
    }

    async fn remember(&self, loaded: &Loaded, pace: BenchPace, source: Source) -> Result<()> {
        let machine = machine();
        let key = PaceKey {
            weights_sha256: &loaded.card.weights_sha256,
            device: loaded.device.kind.as_str(),
            device_name: &loaded.device.name,
            precision: &loaded.provenance.precision,
            program: PROGRAM,
            machine: &machine,
        };
        let row = PaceRow {
            source: source.as_str().to_owned(),
            items: i64::try_from(pace.items).unwrap_or(i64::MAX),
            items_per_second: pace.items_per_second(),
            tokens_per_second: pace.tokens_per_second(),
            measured_at: self.clock().now_text(),
        };
        let mut tx = self.store().write().await?;
        paces::insert(&mut tx, &key, &row).await?;
        Ok(tx.commit().await?)
    }
}

fn measured(row: PaceRow) -> MeasuredPace {
    MeasuredPace {
        source: row.source,
        items: u64::try_from(row.items).unwrap_or(0),
        items_per_second: row.items_per_second,
        tokens_per_second: row.tokens_per_second,
        measured_at: row.measured_at,
    }
}

/// The device that an order will get, of those that are there.
fn device_of(choice: DeviceChoice, devices: Vec<DeviceInfo>) -> Option<DeviceInfo> {
    let wanted: &[DeviceKind] = match choice {
        DeviceChoice::Auto => &[DeviceKind::Cuda, DeviceKind::Metal, DeviceKind::Cpu],
        DeviceChoice::Cpu => &[DeviceKind::Cpu],
        DeviceChoice::Cuda => &[DeviceKind::Cuda],
        DeviceChoice::Metal => &[DeviceKind::Metal],
    };
    wanted.iter().find_map(|kind| devices.iter().find(|device| device.kind == *kind)).cloned()
}

/// The precision that an order will get: that of the checkpoint where it cannot be run in the one that is asked for.
fn precision_of(choice: PrecisionChoice, guard: &Guard) -> String {
    let (asked, memory) = (format!("{choice:?}").to_lowercase(), &guard.card.memory);
    // Of one of which only its own precision is known, the others are taken at their word.
    let open = memory.is_empty() && choice != PrecisionChoice::Auto;
    let known = open || memory.iter().any(|need| need.precision == asked);
    if known { asked } else { guard.card.precision.clone() }
}

/// Name of the machine and how many threads a guard gets: a workspace may be carried to another one.
fn machine() -> String {
    let name =
        fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    let name = name.ok().or_else(|| env::var("COMPUTERNAME").ok()).unwrap_or_default();
    let asked = env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse::<usize>().ok()).filter(|n| *n > 0);
    let threads = asked.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    format!("{}, {threads} threads", name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(kind: DeviceKind) -> DeviceInfo {
        DeviceInfo { kind, name: kind.as_str().into(), memory_bytes: None, memory_free_bytes: None }
    }

    #[test]
    fn the_fastest_device_is_expected_unless_another_is_asked_for() {
        let there = || vec![device(DeviceKind::Cpu), device(DeviceKind::Cuda)];
        assert_eq!(device_of(DeviceChoice::Auto, there()).map(|d| d.kind), Some(DeviceKind::Cuda));
        assert_eq!(device_of(DeviceChoice::Cpu, there()).map(|d| d.kind), Some(DeviceKind::Cpu));
        assert_eq!(device_of(DeviceChoice::Metal, there()), None, "what is not there is not replaced");
    }

    #[test]
    fn a_machine_is_known_by_its_threads_too() {
        assert!(machine().ends_with(" threads"), "{}", machine());
    }
}
