//! Measures what a reviewer waits for in a large queue: the next item, filters, orders, searches, counts, and the start.
//!
//! `scale WORKSPACE QUEUE ROUNDS` prints JSON; `tests/scale/measure.py` runs it and writes the table of docs/performance.md.

use std::{path::Path, time::Instant};

use saring_desk::{
    Workspace,
    queue::{DisagreementOf, Filter, FilteredQuery, GuardLabel, ItemState, ListQuery, ScoreRange, Sort, Tab},
};
use saring_verdict::Severity;
use serde_json::{Value, json};

const LANGUAGES: [&str; 8] = ["en", "id", "ms", "my", "ta", "th", "tl", "vi"];

type Fallible = Result<(), Box<dyn std::error::Error>>;

/// Times of one thing, in milliseconds.
struct Times {
    name: &'static str,
    ms: Vec<f64>,
    rows: usize,
}

impl Times {
    fn report(&mut self) -> Value {
        self.ms.sort_by(f64::total_cmp);
        let at = |share: f64| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
            let place = ((self.ms.len() as f64 * share).ceil() as usize).clamp(1, self.ms.len());
            self.ms[place - 1]
        };
        json!({
            "name": self.name, "n": self.ms.len(), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99),
            "most": at(1.0), "rows": self.rows,
        })
    }
}

struct Bench {
    workspace: Workspace,
    queue: String,
    rounds: usize,
    found: Vec<Value>,
}

impl Bench {
    /// Takes the time of `rounds` pages, each of another filter.
    async fn pages(&mut self, name: &'static str, sort: Sort, make: impl Fn(usize) -> Filter) -> Fallible {
        let mut times = Times { name, ms: Vec::new(), rows: 0 };
        for round in 0..self.rounds {
            let query = self.query(make(round), sort);
            let began = Instant::now();
            let page = self.workspace.filtered(&query).await?;
            times.ms.push(began.elapsed().as_secs_f64() * 1000.0);
            times.rows = times.rows.max(page.rows.len());
        }
        self.found.push(times.report());
        Ok(())
    }

    fn query(&self, filter: Filter, sort: Sort) -> FilteredQuery {
        FilteredQuery { queue: self.queue.clone(), filter, sort, limit: 100, ..FilteredQuery::default() }
    }

    async fn counts(&mut self, name: &'static str, make: impl Fn(usize) -> Filter) -> Fallible {
        let mut times = Times { name, ms: Vec::new(), rows: 0 };
        for round in 0..self.rounds {
            let query = self.query(make(round), Sort::Imported);
            let began = Instant::now();
            let n = self.workspace.count_filtered(&query, 10_000).await?;
            times.ms.push(began.elapsed().as_secs_f64() * 1000.0);
            times.rows = times.rows.max(usize::try_from(n)?);
        }
        self.found.push(times.report());
        Ok(())
    }

    /// Pages far from the beginning: each goes on where the last ended.
    async fn deep(&mut self, name: &'static str, sort: Sort) -> Fallible {
        let mut times = Times { name, ms: Vec::new(), rows: 0 };
        let mut query = self.query(Filter { state: Some(ItemState::Pending), ..Filter::default() }, sort);
        for _ in 0..self.rounds {
            let began = Instant::now();
            let page = self.workspace.filtered(&query).await?;
            times.ms.push(began.elapsed().as_secs_f64() * 1000.0);
            times.rows = times.rows.max(page.rows.len());
            query.after = page.next;
        }
        self.found.push(times.report());
        Ok(())
    }

    async fn next_items(&mut self, name: &'static str, reviewer: Option<&str>) -> Fallible {
        let mut times = Times { name, ms: Vec::new(), rows: 1 };
        let mut after: Option<String> = None;
        for _ in 0..self.rounds {
            let began = Instant::now();
            let next = match reviewer {
                Some(reviewer) => self.workspace.next_for(&self.queue, reviewer, after.as_deref()).await?,
                None => self.workspace.next(&self.queue, after.as_deref()).await?,
            };
            times.ms.push(began.elapsed().as_secs_f64() * 1000.0);
            after = next.map(|item| item.id);
        }
        self.found.push(times.report());
        Ok(())
    }
}

fn said(change: impl FnOnce(&mut Filter)) -> Filter {
    let mut filter = Filter::default();
    change(&mut filter);
    filter
}

async fn filters(bench: &mut Bench) -> Fallible {
    let narrow = |round: usize| {
        said(|f| {
            f.state = Some(ItemState::Pending);
            f.language = Some(LANGUAGES[round % 8].into());
            f.flagged = Some(true);
        })
    };
    let scored = |round: usize| {
        said(|f| {
            f.language = Some(LANGUAGES[round % 8].into());
            f.label = Some(GuardLabel::Unsafe);
            f.score = Some(ScoreRange { from: 0.5, to: 0.5 + 0.001 * (1 + round % 5) as f64 });
        })
    };
    let decided = |round: usize| {
        said(|f| {
            f.decided_label = Some(Severity::Unsafe);
            f.category = Some("PII".into());
            f.reviewer = Some(format!("reviewer-{}", round % 3));
            f.disagreement = Some(DisagreementOf::Decision);
        })
    };
    let nothing = |round: usize| {
        said(|f| {
            f.has_image = Some(true);
            f.flagged = Some(true);
            f.reviewer = Some(format!("nobody-{round}"));
        })
    };
    bench.pages("filter: pending, language, flagged", Sort::Imported, narrow).await?;
    bench.pages("filter: language, label, score", Sort::Imported, scored).await?;
    bench.pages("filter: decided, category, reviewer, overridden", Sort::Imported, decided).await?;
    bench.pages("filter that finds nothing", Sort::Imported, nothing).await?;
    bench
        .pages("filter and order: pending, language, flagged, most uncertain", Sort::Uncertain, narrow)
        .await?;
    bench.pages("filter and order that find nothing, most unsafe", Sort::Unsafe, nothing).await?;
    bench.counts("count of language, label, score", scored).await?;
    for (name, sort) in [
        ("order: most unsafe", Sort::Unsafe),
        ("order: least unsafe", Sort::Safe),
        ("order: most uncertain", Sort::Uncertain),
        ("order: decided last", Sort::Decided),
        ("order: language", Sort::Language),
    ] {
        bench.pages(name, sort, |_| Filter::default()).await?;
    }
    bench.deep("order: most unsafe, page after page", Sort::Unsafe).await
}

async fn searches(bench: &mut Bench) -> Fallible {
    const WORDS: [(&str, [&str; 4]); 6] = [
        ("search: two characters, Latin", ["ri", "xo", "ng", "ba"]),
        ("search: three characters and more, Latin", ["rice", "bicycle", "teman", "người"]),
        ("search: two characters, Thai", ["ขา", "รถ", "แม", "โพ"]),
        ("search: three characters, Thai", ["ข้าว", "โทร", "เพื่อ", "รถไ"]),
        ("search: two characters, Burmese", ["မင", "လူ", "ကာ", "စာ"]),
        ("search: three characters, Burmese", ["သူင", "ဖုန", "ကား", "စာအ"]),
    ];
    for (name, words) in WORDS {
        bench.pages(name, Sort::Imported, |round| said(|f| f.text = Some(words[round % 4].into()))).await?;
    }
    bench
        .pages("search and filter: a word, pending, language, score", Sort::Imported, |round| {
            said(|f| {
                f.text = Some(["rice", "teman", "ข้าว", "ဖုန"][round % 4].into());
                f.state = Some(ItemState::Pending);
                f.language = Some(["en", "id", "th", "my"][round % 4].into());
                f.score = Some(ScoreRange { from: 0.4, to: 0.6 });
            })
        })
        .await?;
    bench
        .pages("search for what is nowhere", Sort::Imported, |round| {
            said(|f| f.text = Some(format!("zqx{round}zz")))
        })
        .await
}

/// A figure of this process, in MiB.
fn memory_mib(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

#[tokio::main]
async fn main() -> Fallible {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, queue, rounds] = arguments.as_slice() else {
        return Err("usage: scale WORKSPACE QUEUE ROUNDS".into());
    };
    let began = Instant::now();
    let workspace = Workspace::open(Path::new(folder)).await?;
    let overviews = workspace.queues().await?;
    let list = ListQuery { queue: queue.clone(), tab: Tab::Pending, viewer: None, after: None, limit: 100 };
    workspace.list(&list).await?;
    workspace.next(queue, None).await?;
    let usable_ms = began.elapsed().as_secs_f64() * 1000.0;
    let items: u64 = overviews.iter().map(|overview| overview.counts.total()).sum();
    let mut bench = Bench { workspace, queue: queue.clone(), rounds: rounds.parse()?, found: Vec::new() };
    bench.next_items("next item", None).await?;
    bench.next_items("next item, for a reviewer", Some("somebody")).await?;
    filters(&mut bench).await?;
    searches(&mut bench).await?;
    let report = json!({
        "items": items, "usable_ms": usable_ms, "memory_mib": memory_mib("VmRSS:"),
        "memory_most_mib": memory_mib("VmHWM:"), "rows": bench.found,
    });
    serde_json::to_writer(std::io::stdout(), &report)?;
    bench.workspace.close().await;
    Ok(())
}
