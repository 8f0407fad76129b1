//! Checks whether typed text can be the answer. It is never repeated, since it may be a secret.

use connector_host::Redirect;
use connector_host::config::{is_identifier, is_variable_name};
use connector_host::egress::destination::{Origin, check_grant};

use super::kinds::What;

/// Checks whether a text can be the answer; the error says why not. `loopback` says whether addresses may be
/// on this machine.
pub(super) fn check(what: What, text: &str, loopback: bool) -> Result<(), String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("it is empty, or has characters that cannot be seen".into());
    }
    match what {
        What::Id if !is_identifier(text) => {
            Err("that is neither an id nor a domain, such as contoso.onmicrosoft.com".into())
        }
        What::Address => address(text, loopback),
        What::Path if !text.starts_with('/') => Err("a path begins with `/`".into()),
        What::Redirect => text.parse::<Redirect>().map(drop).map_err(|error| error.to_string()),
        What::Variable if !is_variable_name(text) => Err(
            "that is not the name of a variable. Give the name of the variable that holds the secret; the secret itself does \
             not belong here"
                .into(),
        ),
        What::Command if shlex::split(text).is_none_or(|words| words.is_empty()) => {
            Err("a quotation in it does not end".into())
        }
        _ => Ok(()),
    }
}

fn address(text: &str, loopback: bool) -> Result<(), String> {
    let origin: Origin = text.parse().map_err(|_| {
        "that is not the address of an API: write it like https://api.example.com, without a path or a user".to_owned()
    })?;
    check_grant(&origin, loopback).map_err(|reason| {
        let hint =
            if origin.host().is_loopback() { "; --allow-loopback-http allows it, for tests" } else { "" };
        format!("{reason}{hint}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_taken_for_a_variables_name() {
        assert!(check(What::Variable, "MY_SECRET_2", false).is_ok());
        for secret in ["", "8Q~abc", "a b", "ab.cd-ef"] {
            assert!(check(What::Variable, secret, false).is_err(), "{secret}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_when_it_is_typed_and_not_repeated() {
        for (what, text) in [
            (What::Id, "not a tenant!"),
            (What::Id, "a/../b"),
            (What::Address, "http://api.example.com"),
            (What::Address, "https://127.0.0.1"),
            (What::Address, "https://svc:hunter2@api.example.com"),
            (What::Address, "api.example.com"),
            (What::Redirect, "https://example.com"),
            (What::Path, "token"),
            (What::Text, "a\u{7}"),
            (What::Command, "a 'b"),
        ] {
            let error = check(what, text, false).expect_err(text);
            assert!(!error.contains("hunter2"), "{error}");
        }
        for (what, text) in [
            (What::Id, "contoso.onmicrosoft.com"),
            (What::Address, "https://api.example.com"),
            (What::Redirect, "http://localhost:8400/login"),
            (What::File, "/a b"),
            (What::Command, "az 'account get-access-token'"),
        ] {
            assert_eq!(check(what, text, false), Ok(()), "{text}");
        }
        assert_eq!(check(What::Address, "http://127.0.0.1:9000", true), Ok(()));
    }
}
