//! Files that are refused whole.

use super::*;

/// Files of every kind that must be refused, each with what must be said about it.
async fn bad_returns(lead: &Fixture) -> Vec<(&'static str, PathBuf)> {
    let made = split(lead, &["ana", "ben"], None).await;
    let ana = laptop(lead, &made[0]).await;
    work(&ana, "ana", &mut Dice(9), 5).await;
    let good = give_back(lead, &ana, "ana", "good").await;
    let bytes = fs::read(&good).expect("the file");
    let write = |name: &'static str, bytes: &[u8]| {
        let path = lead.dir.path().join(name);
        fs::write(&path, bytes).expect("a file");
        (name, path)
    };
    let text = |needle: &str| {
        let at = bytes.windows(needle.len()).position(|w| w == needle.as_bytes());
        at.unwrap_or_else(|| panic!("{needle} is in the file"))
    };
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut bad = vec![
        write("cut off", &bytes[..bytes.len() - 40]),
        write("cut in half", &bytes[..bytes.len() / 2]),
        write("no archive", b"hello"),
        write("changed decision", &flipped(text("decided_at") + 20)),
        write("changed event", &flipped(text("prev_hash") + 20)),
        write("changed manifest", &flipped(text("\"reviewer\"") + 13)),
    ];
    bad.push(("the other kind of file", made[0].path.clone()));
    let stranger = self::lead(4).await;
    let bundle = split(&stranger, &["ana"], None).await;
    let theirs = laptop(&stranger, &bundle[0]).await;
    work(&theirs, "ana", &mut Dice(9), 3).await;
    let foreign = give_back(&stranger, &theirs, "ana", "foreign").await;
    bad.push(write("foreign", &fs::read(foreign).expect("the file")));
    bad
}

#[tokio::test]
async fn damaged_tampered_and_foreign_files_are_refused_whole_and_leave_nothing() {
    let lead = lead(10).await;
    let bad = bad_returns(&lead).await;
    let good = lead.dir.path().join("ana good.return");
    let before = (dump(&lead.workspace).await, lead.workspace.store().texts("SELECT hash FROM events").await);
    for (name, path) in bad {
        let files = [good.clone(), path];
        let error = lead.workspace.merge(&files).await.expect_err(name);
        let found = problem(&error);
        let as_it_should = match name {
            "cut off" | "cut in half" | "no archive" => matches!(found, BundleProblem::Unreadable { .. }),
            "changed decision" | "changed event" => matches!(found, BundleProblem::PartChanged { .. }),
            "changed manifest" => {
                matches!(found, BundleProblem::Forged | BundleProblem::Unreadable { .. })
            }
            "the other kind of file" => matches!(found, BundleProblem::WrongKind { .. }),
            _ => matches!(found, BundleProblem::Foreign { .. }),
        };
        assert!(as_it_should, "{name}: {error}");
        let after =
            (dump(&lead.workspace).await, lead.workspace.store().texts("SELECT hash FROM events").await);
        assert_eq!(after, before, "{name}: not even the good file beside it came in");
    }
    lead.workspace.merge(&[good]).await.expect("the good one is good");
}

#[tokio::test]
async fn a_damaged_bundle_is_not_opened_and_leaves_nothing() {
    let lead = lead(6).await;
    let made = split(&lead, &["ana"], None).await;
    let bytes = fs::read(&made[0].path).expect("the file");
    let at = bytes.windows(8).position(|w| w == b"prompt 2").expect("a prompt");
    let mut changed = bytes.clone();
    changed[at + 7] = b'9';
    let dir = lead.dir.path().join("laptop");
    let workspace = Workspace::open(&dir).await.expect("a workspace");
    for (name, bytes) in [("changed", &changed[..]), ("cut", &bytes[..bytes.len() - 100])] {
        let path = lead.write(name, bytes);
        let error = workspace.open_bundle(&path).await.expect_err(name);
        assert_eq!(error.code(), Code::Invalid, "{error}");
        assert!(workspace.queues().await.expect("queues").is_empty(), "{name}: nothing came in");
    }
}

#[tokio::test]
async fn a_history_that_forked_is_refused() {
    let lead = lead(6).await;
    let made = split(&lead, &["ana"], None).await;
    let laptop = laptop(&lead, &made[0]).await;
    work(&laptop, "ana", &mut Dice(1), 1).await;
    laptop.close().await;
    let twin = copy_of(&laptop, &lead.dir.path().join("twin")).await;
    let laptop = Workspace::open(laptop.dir()).await.expect("the laptop again");
    let ids = lead.ids().await;
    laptop.decide(&says(&ids[5], "ana", "safe")).await.expect("on one");
    twin.decide(&says(&ids[4], "ana", "safe")).await.expect("on the other");
    let one = give_back(&lead, &laptop, "ana", "one").await;
    let other = give_back(&lead, &twin, "ana", "other").await;
    lead.workspace.merge(&[one]).await.expect("the first");
    let error = lead.workspace.merge(&[other]).await.expect_err("the second");
    assert_eq!(problem(&error), &BundleProblem::HistoryForked);
}
