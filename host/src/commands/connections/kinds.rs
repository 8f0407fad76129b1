//! The kinds of sign-in and the settings that each needs, in the order in which they are asked for.

/// A kind of sign-in, as named in the configuration file.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// Whether it sends the credential to the token authority.
    pub(super) speaks_to_authority: bool,
    /// Whether it requests a token, and so needs a scope.
    pub(super) asks_for_scope: bool,
    pub(super) asks: &'static [Ask],
}

/// A setting that a kind of sign-in needs.
pub(super) enum Ask {
    /// A key with a text.
    Text { key: &'static str, prompt: &'static str, what: What },
    /// One of several ways to give it: a variable, a file or a command.
    Place { prompt: &'static str, places: &'static [Place] },
}

/// A way to give a setting.
pub(super) struct Place {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) prompt: &'static str,
    /// [`What::Nothing`] leaves the key out, which is the default for users who are not asked.
    pub(super) what: What,
}

/// What the user types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Nothing.
    Nothing,
    /// An id, or a domain.
    Id,
    /// The address of an API or authority.
    Address,
    /// A path on the authority.
    Path,
    /// An address on this machine, to which a browser returns.
    Redirect,
    Text,
    Variable,
    File,
    Command,
}

/// The names of the kinds.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// The kinds, the most common first.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "client-secret",
        title: "an application with a secret",
        speaks_to_authority: true,
        asks_for_scope: true,
        asks: &[
            TENANT,
            CLIENT_ID,
            Ask::Place {
                prompt: "Where the application's secret is",
                places: &[
                    place("client-secret-env", "in an environment variable", VARIABLE, What::Variable),
                    place("client-secret-file", "in a file", FILE, What::File),
                ],
            },
        ],
    },
    Kind {
        name: "certificate",
        title: "an application with a certificate",
        speaks_to_authority: true,
        asks_for_scope: true,
        asks: &[
            TENANT,
            CLIENT_ID,
            Ask::Text {
                key: "certificate-file",
                prompt: "The certificate's file: PEM, DER or PKCS#12",
                what: What::File,
            },
            Ask::Place {
                prompt: "Where the certificate's key is",
                places: &[
                    left_out("key-file", "in the same file"),
                    place("key-file", "in a file of its own", FILE, What::File),
                ],
            },
            Ask::Place {
                prompt: "What opens the key",
                places: &[
                    left_out("certificate-password-env", "no password"),
                    place(
                        "certificate-password-env",
                        "one in an environment variable",
                        VARIABLE,
                        What::Variable,
                    ),
                    place("certificate-password-file", "one in a file", FILE, What::File),
                ],
            },
        ],
    },
    Kind {
        name: "device-code",
        title: "a person, with a browser on any machine",
        speaks_to_authority: true,
        asks_for_scope: true,
        asks: &[TENANT, CLIENT_ID],
    },
    Kind {
        name: "auth-code",
        title: "a person, with a browser on this machine",
        speaks_to_authority: true,
        asks_for_scope: true,
        asks: &[
            TENANT,
            CLIENT_ID,
            Ask::Place {
                prompt: "The application's redirect address",
                places: &[
                    left_out("redirect-uri", "http://localhost, at any free port"),
                    place("redirect-uri", "another address of this machine", "The address", What::Redirect),
                ],
            },
        ],
    },
    Kind {
        name: "managed-identity",
        title: "the Azure machine or app that this runs on",
        speaks_to_authority: false,
        asks_for_scope: true,
        asks: &[Ask::Place {
            prompt: "Which of its identities",
            places: &[
                left_out("client-id", "the only one, or the system's"),
                place("client-id", "one of several", "Its client id", What::Id),
            ],
        }],
    },
    Kind {
        name: "workload-identity",
        title: "a workload of Kubernetes or another issuer that the application trusts",
        speaks_to_authority: true,
        asks_for_scope: true,
        asks: &[
            Ask::Place {
                prompt: "The tenant",
                places: &[
                    left_out("tenant-id", "as AZURE_TENANT_ID says"),
                    place("tenant-id", "another", "Its id or one of its domains", What::Id),
                ],
            },
            Ask::Place {
                prompt: "The application",
                places: &[
                    left_out("client-id", "as AZURE_CLIENT_ID says"),
                    place("client-id", "another", "Its (client) id", What::Id),
                ],
            },
            Ask::Place {
                prompt: "The file with the workload's token",
                places: &[
                    left_out("token-file", "as AZURE_FEDERATED_TOKEN_FILE says"),
                    place("token-file", "another", FILE, What::File),
                ],
            },
        ],
    },
    Kind {
        name: "azure-cli",
        title: "whoever is signed in with `az login`",
        speaks_to_authority: false,
        asks_for_scope: true,
        asks: &[Ask::Place {
            prompt: "The tenant",
            places: &[
                left_out("tenant-id", "the one that `az` is signed in to"),
                place("tenant-id", "another", "Its id or one of its domains", What::Id),
            ],
        }],
    },
    Kind {
        name: "token",
        title: "a token that another program or person obtains",
        speaks_to_authority: false,
        asks_for_scope: false,
        asks: &[Ask::Place {
            prompt: "Where the token comes from",
            places: &[
                place("token-env", "from an environment variable", VARIABLE, What::Variable),
                place(
                    "token-command",
                    "from a command that prints it",
                    "The command and its arguments; no shell reads it",
                    What::Command,
                ),
            ],
        }],
    },
    Kind {
        name: "none",
        title: "nobody: the API asks for no token",
        speaks_to_authority: false,
        asks_for_scope: false,
        asks: &[],
    },
];

const TENANT: Ask =
    Ask::Text { key: "tenant-id", prompt: "The tenant: its id or one of its domains", what: What::Id };
const CLIENT_ID: Ask =
    Ask::Text { key: "client-id", prompt: "The application's (client) id", what: What::Id };
const VARIABLE: &str = "The variable's name";
const FILE: &str = "The file's path";

const fn place(key: &'static str, title: &'static str, prompt: &'static str, what: What) -> Place {
    Place { key, title, prompt, what }
}

const fn left_out(key: &'static str, title: &'static str) -> Place {
    place(key, title, "", What::Nothing)
}
