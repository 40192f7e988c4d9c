//! No code path opens a network socket: the whole loop under `strace`, and in a network namespace with nothing in it.
#![cfg(target_os = "linux")]

use std::{fs, path::Path, process::Command};

use crate::program::{Desk, SARING, Said, skipped, skipped_without_namespaces};

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
fn the_demo_opens_no_internet_socket() {
    let desk = Desk::new();
    // The control: where there is one, it is seen.
    let Some(control) = sockets(&desk, &["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9"], &desk.path("."))
    else {
        return;
    };
    assert!(!internet(&control).is_empty(), "strace must see a socket where there is one: {control}");

    let folder = desk.path("demo");
    fs::create_dir(&folder).unwrap();
    let log = sockets(&desk, &[SARING, "demo"], &folder).unwrap();
    assert!(folder.join("saring.db").is_file(), "the demo ran");
    assert_eq!(internet(&log), Vec::<&str>::new(), "no code path opens a network socket");
}

#[test]
fn the_demo_runs_where_there_is_no_network_at_all() {
    let desk = Desk::new();
    let folder = desk.path("demo");
    fs::create_dir(&folder).unwrap();
    let output = Command::new("unshare")
        .args(["--net", "--map-root-user", SARING, "demo"])
        .current_dir(&folder)
        .env_remove("SARING_WORKSPACE")
        .output();
    let said = match output {
        Ok(output) => Said::of(output),
        Err(error) => {
            return skipped("an empty network namespace", &format!("there is no `unshare`: {error}"));
        }
    };
    if said.err.starts_with("unshare") {
        return skipped_without_namespaces("an empty network namespace", said.err.trim());
    }
    assert_eq!(said.code, Some(0), "{}", said.err);
}
