#![doc = include_str!("manual/links.md")]
#![doc = include_str!("manual/README.md")]
//
// The pages are Markdown files, to be read in the repository as well as here. Each ends with the targets of its links
// as files; `links.md`, which comes first here and therefore counts, has the same targets as items.

macro_rules! pages {
    ($($name:ident: $file:literal)*) => {$(
        #[doc = include_str!("manual/links.md")]
        #[doc = include_str!($file)]
        pub mod $name {}
    )*};
}

pages! {
    calls: "manual/calls.md"
    configuration: "manual/configuration.md"
    sign_in: "manual/sign_in.md"
    environment: "manual/environment.md"
    exit_codes: "manual/exit_codes.md"
    troubleshooting: "manual/troubleshooting.md"
    triggers: "manual/triggers.md"
    serve: "manual/serve.md"
    proxy: "manual/proxy.md"
    simulator: "manual/simulator.md"
    embedding: "manual/embedding.md"
    other_engines: "manual/other_engines.md"
    threats: "manual/threats.md"
    figures: "manual/figures.md"
}

#[doc = include_str!("manual/links.md")]
#[doc = include_str!("manual/design/README.md")]
pub mod design {
    pages! {
        component: "manual/design/component.md"
        sandbox: "manual/design/sandbox.md"
        requests: "manual/design/requests.md"
        sign_in: "manual/design/sign_in.md"
        triggers: "manual/design/triggers.md"
        program: "manual/design/program.md"
    }
}

/// The program in the repository's README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
