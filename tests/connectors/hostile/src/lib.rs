//! A connector that tries what a sandbox must not allow. An attempt that is stopped ends as a failure, a trap
//! or an empty answer. One that succeeds shows in the function's result.

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({ path: ["../../../wit/connector", "wit"], world: "example:hostile/hostile-connector" });
}

#[path = "../../echo/src/http.rs"]
mod http;
mod memory;

use std::io::Write;

use bindings::exports::example::hostile::attempts::Guest as Attempts;
use bindings::exports::workflow::connector::connector_manifest::Guest as Manifest;
use bindings::exports::workflow::connector::connector_types::{Failure, Problem};

const MANIFEST: &str = include_str!("manifest.json");

#[cfg(target_family = "wasm")]
#[allow(
    unsafe_code,
    reason = "a custom section is how an engine reads the manifest without running anything"
)]
#[used]
#[unsafe(link_section = "connector-manifest")]
static SECTION: [u8; MANIFEST.len()] = {
    let mut bytes = [0; MANIFEST.len()];
    let mut index = 0;
    while index < bytes.len() {
        bytes[index] = MANIFEST.as_bytes()[index];
        index += 1;
    }
    bytes
};

struct Connector;

impl Manifest for Connector {
    fn describe() -> Result<String, Failure> {
        Ok(MANIFEST.to_owned())
    }
}

impl Attempts for Connector {
    fn spin() -> Result<String, Failure> {
        let mut turns = 0_u64;
        loop {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
    }

    fn exhaust_memory() -> Result<String, Failure> {
        let mut hoard: Vec<Vec<u8>> = Vec::new();
        loop {
            hoard.push(std::hint::black_box(vec![1; 16 << 20]));
        }
    }

    fn exhaust_stack() -> Result<String, Failure> {
        Ok(memory::deeper(0).to_string())
    }

    fn panic() -> Result<String, Failure> {
        panic!("on purpose");
    }

    fn exit() -> Result<String, Failure> {
        std::process::exit(0);
    }

    fn read_file(path: String) -> Result<String, Failure> {
        std::fs::read_to_string(path).map_err(refused)
    }

    fn write_file(path: String) -> Result<String, Failure> {
        std::fs::write(path, "hostile").map(|()| "written".to_owned()).map_err(refused)
    }

    fn open_socket(address: String) -> Result<String, Failure> {
        std::net::TcpStream::connect(address).map(|_| "connected".to_owned()).map_err(refused)
    }

    fn read_environment() -> Result<String, Failure> {
        let variables: Vec<String> =
            std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(format!("{} | {}", variables.join(" "), std::env::args().collect::<Vec<_>>().join(" ")))
    }

    fn fetch_from(origin: String, path: String) -> Result<String, Failure> {
        http::get(&origin, &path, &[]).map_err(refused)
    }

    fn fetch_with_header(path: String, name: String, value: String) -> Result<String, Failure> {
        http::get(&origin(), &path, &[(&name, &value)]).map_err(refused)
    }

    fn fetch_many(path: String, times: u32) -> Result<String, Failure> {
        for _ in 0..times {
            http::get(&origin(), &path, &[]).map_err(refused)?;
        }
        Ok(times.to_string())
    }

    fn search_memory(path: String, shifted: Vec<u8>) -> Result<u64, Failure> {
        http::get(&origin(), &path, &[]).map_err(refused)?;
        Ok(memory::occurrences(&shifted))
    }

    fn lie_about_json() -> Result<String, Failure> {
        Ok("{\"half\": ".to_owned())
    }

    fn flood(megabytes: u32) -> Result<String, Failure> {
        Ok("x".repeat(megabytes as usize * 1_000_000))
    }

    #[allow(clippy::disallowed_methods, reason = "a stranger keeps to no rule of this house")]
    fn chatter(megabytes: u32) -> Result<String, Failure> {
        let line = "all work and no play makes a dull connector\n".repeat(1000);
        for _ in 0..megabytes * 20 {
            let _ = std::io::stdout().write_all(line.as_bytes());
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
        Ok("done".to_owned())
    }
}

fn origin() -> String {
    std::env::var("HOSTILE_URL").unwrap_or_default()
}

fn refused(reason: impl std::fmt::Display) -> Failure {
    Failure::PermanentRejected(Problem {
        message: reason.to_string(),
        code: None,
        target: None,
        status: None,
    })
}

#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "generated")]
mod export {
    use crate::{Connector, bindings};

    bindings::export!(Connector with_types_in bindings);
}
