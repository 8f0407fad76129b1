//! Which diagnostics are written: this program's own warnings by default, more with `-v` or the variable
//! `CONNECTOR_LOG`.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};

use super::tell;

/// The variable that says which diagnostics are written: levels and, for code other than this program's own,
/// targets.
const VARIABLE: &str = "CONNECTOR_LOG";
/// The targets of this program's own diagnostics.
const OWN: [&str; 2] = ["connector", "connector_host"];
/// The default for everything else. The certificate verifier is silent: the failure that follows explains the
/// problem better.
const OTHERS: [&str; 2] = ["rustls_platform_verifier=off", "error"];

/// Returns the filter that the variable sets or, without it, the flags.
pub(super) fn chosen(verbosity: u8) -> EnvFilter {
    let by_flags = || {
        EnvFilter::new(match verbosity {
            0 => "connector=warn,connector_host=warn,rustls_platform_verifier=off,error",
            1 => "connector=info,rustls_platform_verifier=off,warn",
            2 => "connector=debug,connector_host=debug,info",
            _ => "connector=trace,connector_host=trace,info",
        })
    };
    match std::env::var(VARIABLE) {
        Ok(directives) if !directives.trim().is_empty() => filter(&directives).unwrap_or_else(|error| {
            tell!("{VARIABLE} cannot be read and is ignored: {error}");
            tell!(
                "hint: set it to a level, such as `debug`, or to levels of targets, such as `connector=info,hyper=debug`"
            );
            by_flags()
        }),
        _ => by_flags(),
    }
}

/// A level without a target is for this program's own diagnostics. The compiler takes half a minute if it has
/// to log everything.
fn filter(directives: &str) -> Result<EnvFilter, ParseError> {
    let mut all = OTHERS.map(str::to_owned).to_vec();
    for directive in directives.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        match directive.parse::<LevelFilter>() {
            Ok(level) => all.extend(OWN.map(|target| format!("{target}={level}"))),
            Err(_) => all.push(directive.to_owned()),
        }
    }
    EnvFilter::try_new(all.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "rustls_platform_verifier=off";

    fn shown(directives: &str) -> Vec<String> {
        let filter = filter(directives).unwrap().to_string();
        let mut parts: Vec<String> = filter.split(',').map(str::to_owned).collect();
        parts.sort();
        parts
    }

    #[test]
    fn a_level_without_a_target_is_for_this_program_alone() {
        assert_eq!(shown("trace"), ["connector=trace", "connector_host=trace", "error", VERIFIER]);
        assert_eq!(shown("DEBUG"), ["connector=debug", "connector_host=debug", "error", VERIFIER]);
        let others = shown("info, hyper=debug,wasmtime=trace");
        assert_eq!(
            others,
            ["connector=info", "connector_host=info", "error", "hyper=debug", VERIFIER, "wasmtime=trace"]
        );
        assert_eq!(shown(""), ["error", VERIFIER]);
        assert!(
            shown("rustls_platform_verifier=debug").contains(&"rustls_platform_verifier=debug".to_owned())
        );
    }

    #[test]
    fn what_is_no_filter_is_told() {
        assert!(filter("connector=loud").is_err());
    }
}
