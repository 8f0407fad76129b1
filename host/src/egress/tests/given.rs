//! Tokens obtained elsewhere, from a variable or a command.

use super::*;
use crate::config::Variables;
use crate::egress::credential::{Source, TokenVariable};

#[tokio::test]
async fn a_token_comes_from_a_variable_a_file_or_a_command() {
    let variables = Variables::fixed([("TOKEN", "  from-variable\n"), ("EMPTY", "")]);
    let server = Server::start(|_| Act::reply(200, "", "")).await;
    let send = async |builder: ProfileBuilder| {
        let door = door(builder.variables(variables.clone()), &Arc::default());
        door.send(&purpose(Effect::Read), get(&server, "/")).await.map(drop)
    };
    send(profile(&server).token_variable("TOKEN")).await.unwrap();
    assert!(server.seen()[0].contains("authorization: Bearer from-variable\r\n"));
    for name in ["EMPTY", "UNSET"] {
        let error = send(profile(&server).token_variable(name)).await.unwrap_err();
        assert!(
            matches!(error, EgressError::Credential(CredentialError::MissingVariable { .. })),
            "{error:?}"
        );
        assert!(error.hint().unwrap().to_string().contains(name));
    }
    for name in ["", "A=B", "A\0B", "8Q~canary.secret", "x8QcanaryDEF0123456789"] {
        let error = TokenVariable::new(name, variables.clone()).fetch().await.unwrap_err();
        assert!(matches!(error, CredentialError::NotAVariable), "{name}: {error:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_prints_a_token() {
    use crate::egress::credential::TokenCommand;
    let run = async |script: &str| TokenCommand::new("sh", vec!["-c".into(), script.into()]).fetch().await;
    assert_eq!(run("echo canary").await.unwrap().header(), "Bearer canary");
    for (script, expected) in [
        ("echo canary; exit 3", "exit status: 3"),
        ("yes canary", "too many"),
        ("true", "empty"),
        ("echo a b", "characters"),
    ] {
        let error = run(script).await.unwrap_err();
        assert!(error.to_string().contains(expected) && !error.to_string().contains("canary"), "{error}");
    }
    let missing = TokenCommand::new("/no/such/program", vec![]).fetch().await.unwrap_err();
    assert!(matches!(missing, CredentialError::Command { .. }), "{missing}");
    // {"exp":4102444800}: 2100-01-01.
    let token = run("echo e30.eyJleHAiOjQxMDI0NDQ4MDB9.sig").await.unwrap();
    assert_eq!(token.expires(), Some(Timestamp::from_micros(4_102_444_800_000_000)));
}
