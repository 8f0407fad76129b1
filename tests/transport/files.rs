//! A process that may open few files and connections.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::home::{Home, Outcome, simulator};

/// The command, run by a shell that limits it.
fn limited(home: &Home, files: usize, words: &[&str]) -> Command {
    let command = home.command(words);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn running_out_of_files_is_said_as_such() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let read = ["call", "list-machines", "--top", "1", "--deadline", "3s"];
    home.run(&read).done();
    let mut said = 0;
    // Somewhere between too few for the store and enough for all there are those that lack a connection only.
    for files in 10..40 {
        let outcome: Outcome = limited(&home, files, &read).output().expect("there is a shell").into();
        assert!(!outcome.stderr.contains("refused"), "{files}: {outcome:?}");
        said += usize::from(outcome.stderr.contains("has reached its limit of open files"));
        if outcome.code == 0 {
            break;
        }
    }
    assert!(said > 0, "no limit left it without a connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_on_open_files_that_is_too_low_is_told_at_the_start() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let mut config = std::fs::read_to_string(home.config()).expect("it was written");
    for trigger in ["new-alerts", "new-remediation-activities"] {
        config += &format!(
            "[triggers.{trigger}]\ntrigger = \"{trigger}\"\nto = \"exec:true\"\ninterval = \"1h\"\n"
        );
    }
    home.configure(&config);
    let mut serve = limited(&home, 70, &["serve"]);
    let mut child = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("there is a shell");
    let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
    let first = stderr.lines().map_while(Result::ok).next();
    child.kill().and_then(|()| child.wait()).expect("it can be killed");
    let warned = first.expect("it is told");
    assert!(warned.contains("may open 70 files and connections"), "{warned}");
    assert!(warned.contains("2 triggers need up to 72") && warned.contains("LimitNOFILE"), "{warned}");
}
