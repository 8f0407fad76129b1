//! The names by which Microsoft's clouds are known elsewhere: in its documentation, its command lines and its
//! libraries. Someone who writes such a name means one of the connector's clouds, which goes by another name
//! there.

use crate::similar::most_similar;

/// The names of a cloud elsewhere, and the names that connectors use for it, in lower case and without
/// spaces, `-` and `_`.
///
/// Sources: <https://learn.microsoft.com/cli/azure/manage-clouds-azure-cli>,
/// <https://learn.microsoft.com/graph/deployments>,
/// <https://learn.microsoft.com/office365/servicedescriptions/office-365-platform-service-description/office-365-us-government/office-365-us-government>
const FAMILIES: [(&[&str], &[&str]); 3] = [
    (
        &[
            "azure",
            "azurecloud",
            "azureglobal",
            "azurepublic",
            "azurepubliccloud",
            "com",
            "commercial",
            "default",
            "global",
            "international",
            "prod",
            "production",
            "publiccloud",
            "world",
            "worldwide",
        ],
        &["public"],
    ),
    (
        &[
            "azuregov",
            "azuregovernment",
            "azureusgovernment",
            "azureusgovernmentcloud",
            "fairfax",
            "gov",
            "govcloud",
            "government",
            "govus",
            "l4",
            "l5",
            "usgov",
            "usgovcloud",
            "usgovdod",
            "usgovernment",
            "usgovernmentcloud",
            "usgovhigh",
        ],
        &["gcc", "gcc-high", "dod"],
    ),
    (&["21vianet", "azurechina", "azurechinacloud", "china", "chinacloud", "mooncake", "vianet"], &["china"]),
];

/// What to write in place of a name that the connector does not know.
pub(super) fn hint(name: &str, known: &[String]) -> String {
    if known.is_empty() {
        return "the connector names no clouds; set `api-url` instead".into();
    }
    let all = || format!("the connector knows: {}", known.join(", "));
    let folded = fold(name);
    if let Some((_, own)) = FAMILIES.iter().find(|(elsewhere, _)| elsewhere.contains(&&*folded)) {
        let own: Vec<String> = own
            .iter()
            .filter(|own| known.iter().any(|known| known == *own))
            .map(|own| format!("\"{own}\""))
            .collect();
        return match own.split_last() {
            None => all(),
            Some((only, [])) => format!("did you mean {only}?"),
            Some((last, others)) => format!("did you mean {} or {last}?", others.join(", ")),
        };
    }
    match most_similar(name, known.iter().map(String::as_str)) {
        Some(similar) => format!("did you mean \"{similar}\"?"),
        None => all(),
    }
}

fn fold(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-', '_'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_that_clouds_have_elsewhere_lead_to_the_connectors_own() {
        let known = known(&["au", "dod", "eu", "gcc", "gcc-high", "public", "uk", "us"]);
        for name in ["AzureCloud", "AzurePublicCloud", "global", "worldwide", "Commercial", "WORLD-WIDE"] {
            assert_eq!(hint(name, &known), "did you mean \"public\"?", "{name}");
        }
        for name in ["usgov", "USGovernment", "AzureUSGovernment", "us-gov", "gov", "Government"] {
            assert_eq!(hint(name, &known), "did you mean \"gcc\", \"gcc-high\" or \"dod\"?", "{name}");
        }
        assert_eq!(hint("pubic", &known), "did you mean \"public\"?");
        assert_eq!(hint("gcchigh", &known), "did you mean \"gcc-high\"?");
        let all = "the connector knows: au, dod, eu, gcc, gcc-high, public, uk, us";
        for name in ["AzureChinaCloud", "x", ""] {
            assert_eq!(hint(name, &known), all, "{name}");
        }
    }

    #[test]
    fn a_connector_without_such_a_cloud_is_not_said_to_have_it() {
        assert_eq!(hint("usgov", &known(&["public", "gcc"])), "did you mean \"gcc\"?");
        assert_eq!(hint("usgov", &known(&["public", "eu"])), "the connector knows: public, eu");
        assert!(hint("usgov", &[]).contains("`api-url`"));
    }

    #[test]
    fn every_name_is_written_as_it_is_compared() {
        for name in FAMILIES.iter().flat_map(|(elsewhere, _)| *elsewhere) {
            assert_eq!(fold(name), *name);
        }
    }
}
