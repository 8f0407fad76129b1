//! What the tests of the server share: a server, and a sender of notifications.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::Value;

use crate::support::home::Home;

/// The secret part of an address that was told by hand.
pub(crate) const PATH_SECRET: &str = "bGV0LW1lLWluLXBsZWFzZS1ub3c";

/// What the server is started with.
const WORDS: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
/// How long what is bound to happen may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// A server that runs.
pub(crate) struct Serving {
    pub(crate) child: Child,
    /// Where notifications are received, without a slash at the end.
    pub(crate) address: String,
    /// Where it tells how it stands.
    pub(crate) admin: String,
    stderr: Arc<Mutex<String>>,
    stdout: Arc<Mutex<String>>,
    client: Client,
}

impl Serving {
    /// Starts it, and waits until it listens.
    pub(crate) async fn start(home: &Home, more: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = home.command(&[&WORDS[..], more].concat());
        command.env("PATH_SECRET", PATH_SECRET).envs(variables.iter().copied());
        Self::run(command).await
    }

    /// The same, of one that may have no more files open than that.
    #[cfg(target_os = "linux")]
    pub(crate) async fn start_with_files(home: &Home, files: u32) -> Self {
        let inner = home.command(&WORDS);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\"")]);
        command.arg(inner.get_program()).args(inner.get_args()).env_clear();
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", "/usr/bin:/bin").env("PATH_SECRET", PATH_SECRET).stdin(Stdio::null());
        Self::run(command).await
    }

    async fn run(mut command: std::process::Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        let stderr = gather(child.stderr.take().expect("it is piped"));
        let stdout = gather(child.stdout.take().expect("it is piped"));
        let (address, admin) = (String::new(), String::new());
        let mut serving = Self { child, address, admin, stderr, stdout, client: client() };
        let said = |text: &str| text.contains("stop with Ctrl-C");
        until("it listens", || said(&serving.stderr())).await;
        let text = serving.stderr();
        let find = |before: &str| {
            let rest = text.split_once(before).map_or("", |(_, rest)| rest);
            format!("http://{}", rest.split('/').next().unwrap_or_default())
        };
        serving.address = find("received at http://");
        serving.admin = find("metrics are at http://");
        serving
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().expect("no thread panics").clone()
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.lock().expect("no thread panics").clone()
    }

    /// Sends a notification to a trigger's address that was told by hand.
    pub(crate) async fn notify(&self, name: &str, body: &str) -> Result<Response, reqwest::Error> {
        let address = format!("{}/hooks/{name}/{PATH_SECRET}", self.address);
        let request = self.client.post(address).header("content-type", "application/json");
        request.body(body.to_owned()).send().await
    }

    /// What it tells of itself.
    pub(crate) async fn ask(&self, path: &str) -> (u16, String) {
        let response = self.client.get(format!("{}{path}", self.admin)).send().await.expect("it answers");
        (response.status().as_u16(), response.text().await.expect("it answers in full"))
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn ready(&self) {
        let began = Instant::now();
        loop {
            let (status, text) = self.ask("/readyz").await;
            if status == 200 {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{text}\n{}", self.stderr());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it can be killed");
    }

    /// Asks it to end, as a service manager would, and waits until it has: its exit code and all that it said.
    #[cfg(unix)]
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("it runs");
        let mut code = None;
        until("it ends", || {
            code = self.child.try_wait().expect("it is a child");
            code.is_some()
        })
        .await;
        (code.and_then(|code| code.code()), self.stderr())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a stream as it comes.
fn gather(stream: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::<Mutex<String>>::default();
    let gathered = Arc::clone(&text);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut text = gathered.lock().expect("no thread panics");
            text.push_str(&line);
            text.push('\n');
        }
    });
    text
}

/// Waits for something that is bound to happen.
pub(crate) async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A client that goes nowhere but where it is told.
pub(crate) fn client() -> Client {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a client")
}

/// The status and the JSON body of an answer.
pub(crate) async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("it is answered in full");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Appends tables to a home's configuration.
pub(crate) fn configure(home: &Home, tables: &str) {
    let text = std::fs::read_to_string(home.config()).expect("there is a configuration");
    home.configure(&format!("{text}\n{tables}"));
}

/// A table of a pushed trigger.
pub(crate) fn pushed(name: &str, to: &str, more: &str) -> String {
    format!(
        "[triggers.{name}]\ntrigger = \"new-alerts\"\nsource = \"push\"\nto = \"{to}\"\n\
         allow-loopback-http = {}\n{more}\n",
        to.starts_with("http")
    )
}

/// A table of a pushed trigger whose address is told by hand.
pub(crate) fn by_hand(name: &str, to: &str) -> String {
    pushed(name, to, "path-secret-env = \"PATH_SECRET\"")
}

/// A notification.
pub(crate) fn notification(id: &str) -> String {
    format!("{{\"id\":\"{id}\",\"machineId\":\"m1\"}}")
}

/// The value of a metric, by the beginning of its line.
pub(crate) fn metric(text: &str, start: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(start))?;
    line.rsplit(' ').next()?.parse().ok()
}
