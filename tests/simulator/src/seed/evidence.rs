//! Evidence of all the entity types that alerts contain.

use crate::model::alert::Evidence;
use crate::moment::Moment;

pub(super) fn process(
    time: Moment,
    file: &str,
    command_line: &str,
    parent: &str,
    sha1: &str,
    sha256: &str,
) -> Evidence {
    Evidence {
        entity_type: "Process".to_owned(),
        sha1: Some(sha1.to_owned()),
        sha256: Some(sha256.to_owned()),
        file_name: Some(file.to_owned()),
        file_path: Some("C:\\Windows\\System32".to_owned()),
        process_id: Some(3276),
        process_command_line: Some(command_line.to_owned()),
        process_creation_time: Some(time.before(std::time::Duration::from_millis(310))),
        parent_process_id: Some(8420),
        parent_process_creation_time: Some(time.before(std::time::Duration::from_secs(65))),
        parent_process_file_name: Some(parent.to_owned()),
        parent_process_file_path: Some("C:\\Windows".to_owned()),
        ..detected(time)
    }
}

pub(super) fn file(time: Moment, name: &str, path: &str, sha1: &str, sha256: &str) -> Evidence {
    Evidence {
        entity_type: "File".to_owned(),
        sha1: Some(sha1.to_owned()),
        sha256: Some(sha256.to_owned()),
        file_name: Some(name.to_owned()),
        file_path: Some(path.to_owned()),
        ..detected(time)
    }
}

pub(super) fn user(time: Moment, account: &str) -> Evidence {
    Evidence {
        entity_type: "User".to_owned(),
        evidence_creation_time: time,
        account_name: Some(account.to_owned()),
        domain_name: Some("CONTOSO".to_owned()),
        user_sid: Some("S-1-5-21-1004336348-1177238915-682003330-1104".to_owned()),
        aad_user_id: Some("8c7d2f6e-1a0b-4f2f-9d7e-6b1f0c8e4a35".to_owned()),
        user_principal_name: Some(format!("{account}@contoso.com")),
        ..Evidence::default()
    }
}

pub(super) fn ip(time: Moment, address: &str) -> Evidence {
    Evidence { entity_type: "Ip".to_owned(), ip_address: Some(address.to_owned()), ..detected(time) }
}

pub(super) fn url(time: Moment, url: &str) -> Evidence {
    Evidence { entity_type: "Url".to_owned(), url: Some(url.to_owned()), ..detected(time) }
}

pub(super) fn registry(time: Moment, key: &str, value: &str) -> Evidence {
    Evidence {
        entity_type: "Registry".to_owned(),
        registry_key: Some(key.to_owned()),
        registry_hive: Some("HKEY_CURRENT_USER".to_owned()),
        registry_value_type: Some("Unicode".to_owned()),
        registry_value: Some(value.to_owned()),
        ..detected(time)
    }
}

fn detected(time: Moment) -> Evidence {
    Evidence {
        evidence_creation_time: time,
        detection_status: Some("Detected".to_owned()),
        ..Evidence::default()
    }
}
