//! A user of the command line: a home of its own, nothing of the real one's environment, and a stand-in API.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use defender_simulator::{Options, Simulator};
use serde_json::Value;
use tempfile::TempDir;

/// The variable in which the client secret is.
pub(crate) const SECRET: &str = "TEST_CLIENT_SECRET";

/// A user's home.
pub(crate) struct Home {
    folder: TempDir,
    secret: String,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    /// A home without a configuration.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().expect("there is a temporary directory");
        Self { folder, secret: String::new() }
    }

    /// A home whose default connection is to a stand-in API.
    pub(crate) fn of(simulator: &Simulator) -> Self {
        Self::with(simulator, "")
    }

    /// As [`Home::of`], with more lines for the connection's table.
    pub(crate) fn with(simulator: &Simulator, lines: &str) -> Self {
        let home = Self { secret: simulator.client_secret().to_owned(), ..Self::empty() };
        home.configure(&format!(
            "[connections.default]\napi-url = \"{url}\"\ntenant-id = \"{tenant}\"\nallow-loopback-http = true\n\
             [connections.default.auth]\nkind = \"client-secret\"\nclient-id = \"{client}\"\n\
             client-secret-env = \"{SECRET}\"\nauthority = \"{url}\"\n{lines}\n",
            url = simulator.url(),
            tenant = simulator.tenant_id(),
            client = simulator.client_id(),
        ));
        home
    }

    /// A home without a configuration, whose variable [`SECRET`] holds that.
    pub(crate) fn with_secret(secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..Self::empty() }
    }

    /// Writes the configuration file.
    pub(crate) fn configure(&self, text: &str) {
        std::fs::write(self.config(), text).expect("the temporary directory can be written");
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A program of this home's own, in a folder `bin` that is on nobody's path unless a test says so.
    #[cfg(unix)]
    pub(crate) fn program(&self, name: &str, script: &str) -> PathBuf {
        let folder = self.path().join("bin");
        std::fs::create_dir_all(&folder).expect("the temporary directory can be written");
        let program = folder.join(name);
        // Another process writes it: what this one has open for writing, children of other tests might hold open.
        let write = ["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod +x \"$0\""];
        let status = Command::new("sh").args(write).arg(&program).arg(script).status();
        assert!(status.expect("there is a shell").success());
        program
    }

    /// The command, ready to run: it sees this home and nothing else.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
        command
            .args(words)
            .env_clear()
            .env("HOME", self.path())
            .env("CONNECTOR_CONFIG", self.config())
            .env("CONNECTOR_STATE_DIR", self.path().join("state"))
            .env("CONNECTOR_CACHE_DIR", cache())
            // The keyring would be that of whoever runs the tests.
            .env("CONNECTOR_VAULT", "file")
            .env("NO_COLOR", "1")
            .env(SECRET, &self.secret)
            .stdin(Stdio::null());
        command
    }

    /// What a terminal of that many columns gets from the command, on both outputs; what it shows in colours has them.
    #[cfg(unix)]
    pub(crate) fn on_terminal(&self, columns: u16, words: &[&str]) -> Outcome {
        let program = [env!("CARGO_BIN_EXE_connector")];
        let line =
            shlex::try_join(program.into_iter().chain(words.iter().copied())).expect("no word has a NUL");
        let command = self.command(&[]);
        let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let mut script = Command::new("script");
        script
            .args([
                "--quiet",
                "--return",
                "--command",
                &format!("stty cols {columns} rows 50; exec {line}"),
                "/dev/null",
            ])
            .env_clear()
            .envs(variables)
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        let mut outcome: Outcome = script.output().expect("there is `script`, of util-linux").into();
        outcome.stdout = outcome.stdout.replace("\r\n", "\n");
        outcome
    }

    /// Runs the command to its end, with room for that many columns.
    pub(crate) fn in_columns(&self, columns: u16, words: &[&str]) -> Outcome {
        let outcome = self.command(words).env("COLUMNS", columns.to_string()).output();
        outcome.expect("the command starts").into()
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Outcome {
        self.command(words).output().expect("the command starts").into()
    }
}

impl Outcome {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error object that `--output json` puts on the last line of standard error.
    pub(crate) fn error(&self) -> Value {
        let line = self.stderr.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks that the command was refused as wrong, with these words and a hint.
    pub(crate) fn usage(self, words: &str) {
        assert_eq!((self.code, &*self.stdout), (2, ""), "{self:?}");
        assert!(self.stderr.contains(words) && self.stderr.contains("hint: "), "{words} is not in {self:?}");
    }

    /// The outcome, if the command did well.
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A stand-in API with the given options, as JSON.
pub(crate) async fn simulator(options: Value) -> Simulator {
    let options: Options = serde_json::from_value(options).expect("these are options");
    Simulator::start(options).await.expect("loopback has a free port")
}

/// Compiled code is the same for all homes; compiling it for each would take most of the time.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}
