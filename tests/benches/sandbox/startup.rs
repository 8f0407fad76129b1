//! How long a command takes from its start until its first request arrives.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often it is measured; the best counts. The first fills the code cache.
const ROUNDS: usize = 8;

pub(crate) fn to_first_request() -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let home = tempfile::tempdir().expect("there is a temporary directory");
    let config = home.path().join("config.toml");
    let text = format!(
        "[connections.default]\napi-url = \"http://{address}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"token\"\ntoken-env = \"TOKEN\"\n"
    );
    std::fs::write(&config, text).expect("the temporary directory can be written");
    let round = || {
        let began = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_connector"))
            .args(["call", "get-machine", "--machine-id", "m1"])
            .env_clear()
            .env("HOME", home.path())
            .env("TOKEN", "not-a-secret")
            .env("CONNECTOR_CONFIG", &config)
            .env("CONNECTOR_STATE_DIR", home.path().join("state"))
            .env("CONNECTOR_CACHE_DIR", home.path().join("cache"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        let (mut stream, _) = listener.accept().expect("the command connects");
        let read = stream.read(&mut [0; 64]).expect("the command sends its request");
        let elapsed = began.elapsed();
        assert!(read > 0, "the command sent nothing");
        drop(stream);
        // It waits for an answer that will not come.
        let _ = command.kill().and_then(|()| command.wait());
        elapsed
    };
    round();
    // The cache is written by a thread of its own; the next round reads it once it is there.
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}
