//! No code path opens a network socket: the whole loop under `strace`, and in a network namespace with nothing in it.
#![cfg(target_os = "linux")]

use std::{fs, path::Path, process::Command};

use crate::program::{Desk, SARING, Said, skipped, skipped_without_namespaces};

/// What puts a command into a network namespace with nothing in it; nothing where that is not allowed.
fn without_network() -> &'static [&'static str] {
    const WITHOUT: &[&str] = &["unshare", "--net", "--map-root-user"];
    let tried = Command::new(WITHOUT[0]).args(&WITHOUT[1..]).arg("true").output();
    match tried {
        Ok(output) if output.status.success() => WITHOUT,
        Ok(output) => {
            skipped_without_namespaces("an empty network namespace", Said::of(output).err.trim());
            &[]
        }
        Err(error) => {
            skipped("an empty network namespace", &format!("there is no `unshare`: {error}"));
            &[]
        }
    }
}

/// The system calls of `command` and its children that make or connect sockets; `None` if nothing can be traced here.
fn sockets(desk: &Desk, command: &[&str], folder: &Path) -> Option<String> {
    let log = desk.path("strace.log");
    let traced = Command::new("strace")
        .args([
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-e",
            "trace=socket,connect,bind",
            "-o",
            log.to_str().unwrap(),
            "--",
        ])
        .args(command)
        .current_dir(folder)
        .env_remove("SARING_WORKSPACE")
        .output();
    let said = match traced {
        Ok(output) => Said::of(output),
        Err(error) => {
            skipped("sockets under strace", &format!("strace cannot be started: {error}"));
            return None;
        }
    };
    if said.err.contains("ptrace") {
        skipped("sockets under strace", said.err.trim());
        return None;
    }
    Some(fs::read_to_string(&log).unwrap())
}

fn internet(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("AF_INET")).collect()
}

#[test]
fn the_demo_opens_no_internet_socket_and_needs_no_network() {
    let desk = Desk::new();
    // The control: where there is one, it is seen.
    let Some(control) = sockets(&desk, &["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9"], &desk.path("."))
    else {
        return;
    };
    assert!(!internet(&control).is_empty(), "strace must see a socket where there is one: {control}");

    let folder = desk.path("demo");
    fs::create_dir(&folder).unwrap();
    let log = sockets(&desk, &[without_network(), &[SARING, "demo"]].concat(), &folder).unwrap();
    assert!(folder.join("exports/decisions/decisions.jsonl").is_file(), "the demo ran to its end");
    assert_eq!(internet(&log), Vec::<&str>::new(), "no code path opens a network socket");
}
