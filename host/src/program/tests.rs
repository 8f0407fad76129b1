//! Programs that behave well, and programs that leave processes behind.

use std::path::Path;
use std::time::Instant;

use super::*;

const LONG: Duration = Duration::from_secs(60);
/// How long processes that are left behind live: much longer than a test may take.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A shell that runs the script with the path as `$0`.
fn shell(script: &str, path: &Path, timeout: Duration) -> Program {
    Program::new("/bin/sh", timeout)
        .arguments([OsStr::new("-c"), script.as_ref(), path.as_os_str()])
        .stdout(Printed::Whole(64))
        .stderr(Printed::Start(8))
}

fn script(script: &str) -> Program {
    shell(script, Path::new("sh"), LONG)
}

#[tokio::test]
async fn a_child_that_holds_the_pipes_is_not_waited_for() {
    let began = Instant::now();
    for (text, own_group) in [
        ("sleep 120 & printf token", false),
        ("sleep 120 >&2 2>&1 & printf token", true),
        ("sleep 120 2>&1 >/dev/null & printf token", false),
        ("exec 3<&0; sleep 120 <&3 & printf token", true),
    ] {
        let program = script(text).input(vec![b'x'; 1 << 20]);
        let program = if own_group { program.in_own_group() } else { program };
        let finished = program.run().await.unwrap();
        assert!(finished.status.success(), "{text}: {finished:?}");
        assert_eq!(finished.stdout.as_slice(), b"token", "{text}");
    }
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_a_program_leaves_behind_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("done");
    let text = "( sleep 1; echo done > \"$0\" ) </dev/null >/dev/null 2>&1 & exit 0";
    assert!(shell(text, &file, LONG).in_own_group().run().await.unwrap().status.success());
    let began = Instant::now();
    while !file.exists() {
        assert!(began.elapsed() < LONG, "it was ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_program_that_is_out_of_time_is_ended_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alive");
    let text = "( sleep 2; echo alive > \"$0\" ) & wait";
    let short = Duration::from_millis(200);
    let late = shell(text, &file, short).in_own_group().run().await.unwrap_err();
    assert!(matches!(late, ProgramError::Timeout(time) if time == short), "{late:?}");
    assert_eq!(late.to_string(), "it did not end within 0.2 s");
    let dropped = tokio::time::timeout(short, shell(text, &file, LONG).in_own_group().run()).await;
    assert!(dropped.is_err(), "{dropped:?}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!file.exists(), "a child went on");
}

#[tokio::test]
async fn input_arrives_and_need_not_be_read() {
    let long = vec![b'x'; 1 << 20];
    let counted = script("wc -c").input(long.clone()).run().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&counted.stdout).trim(), (1 << 20).to_string());
    assert!(script("exit 0").input(long).run().await.unwrap().status.success());
    let nothing = script("cat").run().await.unwrap();
    assert!(nothing.status.success() && nothing.stdout.is_empty());
}

#[tokio::test]
async fn what_is_printed_is_bounded() {
    let began = Instant::now();
    let flood = script("while :; do echo 0123456789; done").run().await.unwrap_err();
    assert!(matches!(flood, ProgramError::TooMuch { limit: 64 }), "{flood:?}");
    let long = script("i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i+1)); done; exit 3");
    let finished = long.run().await.unwrap();
    assert_eq!((finished.status.code(), finished.stderr.as_slice()), (Some(3), &b"01234567"[..]));
    assert!(began.elapsed() < LONG, "a program was held up");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told_apart() {
    let missing = Program::new("/no/such/program", LONG).run().await.unwrap_err();
    assert!(matches!(&missing, ProgramError::Io(error) if error.kind() == io::ErrorKind::NotFound));
}

#[tokio::test]
async fn variables_that_hold_secrets_are_kept_from_a_program() {
    // Cargo sets this variable for every test.
    let text = "printf \"${CARGO_PKG_NAME-unset}\"";
    let printed = async |program: Program| program.run().await.unwrap().stdout.to_vec();
    assert_eq!(printed(script(text)).await, b"connector-host");
    assert_eq!(printed(script(text).without_variables(["CARGO_PKG_NAME"])).await, b"unset");
}
