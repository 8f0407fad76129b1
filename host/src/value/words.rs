//! The spellings of one name: `Machine action ID` is also spelled `machine-action-id` and `machineActionId`.

/// Whether `text` spells `name` in kebab-case or in camelCase.
pub(super) fn spell(text: &str, name: &str) -> bool {
    let is_kebab =
        || text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let is_camel = || {
        text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    (is_kebab() || is_camel()) && words(text).eq(words(name))
}

/// The words of a name, in lower case. A word ends at anything but a letter or digit; before an upper-case
/// letter that follows a lower-case one or a digit; and before the last of several upper-case letters if a
/// lower-case one follows: `IPAddress`.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(place + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if begins || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.into_iter().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::spell;

    #[test]
    fn a_name_is_understood_in_kebab_case_and_in_camel_case() {
        for (name, spellings) in [
            ("Machine action ID", ["machineActionId", "machineActionID", "machine-action-id"]),
            ("$orderby", ["orderby"; 3]),
            ("Ip Address", ["ipAddress", "ip-address", "ipAddress"]),
            ("IPAddress", ["ipAddress", "ip-address", "ipAddress"]),
            ("lookBackHours", ["lookBackHours", "look-back-hours", "lookBackHours"]),
            ("IsolationType", ["isolationType", "isolation-type", "isolationType"]),
        ] {
            for spelling in spellings {
                assert!(spell(spelling, name), "{spelling}");
            }
        }
        for other in
            ["", "machineid", "Machine Id", "machine id", "MachineId", "machine_id", "MACHINE-ID", "machine"]
        {
            assert!(!spell(other, "Machine ID"), "{other}");
        }
    }
}
