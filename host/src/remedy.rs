//! What to do next: a typed step, which each interface can put into its own words.

use std::borrow::Cow;
use std::fmt;

/// What to do next about an error or a [`Failure`](crate::Failure).
///
/// A step for which an interface may have its own means, such as a flag, a command or a button, is a variant;
/// all other advice is text that suits every interface. The library's own words for a variant
/// ([`Display`](fmt::Display)) mention no particular interface. An interface that can do better matches the
/// variants that it knows:
///
/// ```
/// use connector_host::Remedy;
///
/// fn words(remedy: &Remedy) -> String {
///     match remedy {
///         Remedy::LogIn { connection } => format!("press \u{201c}Sign in\u{201d} beside {connection}"),
///         other => other.to_string(),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Advice that suits every interface, such as which key of the configuration to set.
    Advice(Cow<'static, str>),
    /// Write a configuration file with a first connection, or name an existing file.
    Configure,
    /// Use the name that was probably meant.
    DidYouMean {
        /// The name that was probably meant.
        name: String,
    },
    /// Choose one of the connector's actions.
    ListActions,
    /// Give a required parameter.
    GiveParameter {
        /// Its name in the contract, such as `machine-id`.
        name: String,
        /// Its key in JSON, such as `Machine ID`.
        key: String,
    },
    /// Give the call a later deadline, or ask for less.
    RaiseDeadline,
    /// Give the call a later deadline, so that it can wait for the quota, or call less often.
    WaitForQuota,
    /// Give the call a later deadline, give each request of the connection more time, or ask for less.
    RaiseTimeout,
    /// Sign in to the connection as a person.
    LogIn {
        /// The connection's name.
        connection: String,
    },
    /// Make a cheap call to see whether the connection works.
    TestConnection,
    /// Resume a watch that its receiver has ended.
    ResumeWatch {
        /// The watch, such as `default/new-alerts`.
        watch: String,
    },
    /// Look at the events that wait to be delivered, and run the watch again when its receiver works.
    DeliverLater {
        /// The watch, such as `default/new-alerts`.
        watch: String,
    },
    /// Forget an uncertain subscription request, once the API shows that it was not granted.
    Resubscribe {
        /// The watch, such as `default/new-alerts`.
        watch: String,
    },
    /// Allow a callback address on this machine.
    AllowLoopbackCallback,
    /// Keep secrets in a file, since the platform has no usable keyring.
    KeepSecretsInFile,
    /// Resume or end the program that holds a lock: it may be suspended.
    EndOtherProgram,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Advice(words) => words,
            Self::Configure => "write a configuration file with a table [connections.default]",
            Self::DidYouMean { name } => return write!(f, "did you mean `{name}`?"),
            Self::ListActions => "choose one of the connector's actions",
            Self::GiveParameter { key, .. } => return write!(f, "give `{key}`"),
            Self::RaiseDeadline => "give the call a later deadline, or ask for less",
            Self::WaitForQuota => "give the call a later deadline, so that it can wait, or call less often",
            Self::RaiseTimeout => {
                "give the call a later deadline or set `timeout-seconds` higher, or ask for less"
            }
            Self::LogIn { connection } => return write!(f, "sign in to the connection `{connection}`"),
            Self::TestConnection => "call an action that only reads, to see whether the connection works",
            Self::ResumeWatch { watch } => {
                return write!(f, "resume {watch} when its receiver wants events again");
            }
            Self::DeliverLater { watch } => {
                return write!(f, "the events are kept: run {watch} again when its receiver works");
            }
            Self::Resubscribe { watch } => {
                return write!(
                    f,
                    "look at the API's subscriptions; if {watch} has none, have the request forgotten"
                );
            }
            Self::AllowLoopbackCallback => "to send events to this machine, allow loopback addresses",
            Self::KeepSecretsInFile => "unlock the keyring, or keep secrets in a file",
            Self::EndOtherProgram => {
                "another program holds it, and may be suspended: resume it or end it, and try again"
            }
        })
    }
}

impl From<&'static str> for Remedy {
    fn from(words: &'static str) -> Self {
        Self::Advice(words.into())
    }
}

impl From<String> for Remedy {
    fn from(words: String) -> Self {
        Self::Advice(words.into())
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    /// The source file of a credential whose hints name the flags of another program, `az`.
    const OTHERS: &str = "azure_cli.rs";

    #[test]
    fn no_text_of_the_library_names_a_flag_or_a_command_of_the_program() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let main = std::fs::read_to_string(source.join("main.rs")).unwrap();
        let programs: Vec<&str> =
            main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect();
        assert!(programs.contains(&"hint"), "{programs:?}");
        let mut found = Vec::new();
        for file in files(&source) {
            let inner = file.strip_prefix(&source).unwrap();
            let top = inner.components().next().unwrap().as_os_str().to_str().unwrap();
            let is_of_program = programs.contains(&top.trim_end_matches(".rs")) || top == "main.rs";
            let is_test = inner.iter().any(|part| part == "tests" || part == "tests.rs");
            if is_of_program || is_test || inner.ends_with(OTHERS) || inner.ends_with("remedy.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let said = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let named = said.filter(|line| {
                let flag = [" --", "`--", "\"--"].iter().any(|dashes| {
                    line.split(dashes)
                        .skip(1)
                        .any(|rest| rest.starts_with(|next: char| next.is_ascii_lowercase()))
                });
                flag || line.contains("`connector ")
            });
            found.extend(named.map(|line| format!("{}: {}", inner.display(), line.trim())));
        }
        assert!(found.is_empty(), "say it by a `Remedy`, and let the program word it:\n{}", found.join("\n"));
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .collect()
    }
}
