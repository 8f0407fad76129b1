//! The spellings of one name: `Machine action ID`, `machine-action-id` and `machineActionId` have the same words.

/// Whether two names have the same words, whatever joins them and in whatever case they are.
pub(super) fn same(one: &str, other: &str) -> bool {
    words(one).eq(words(other))
}

/// The words of a name in lower case. A word ends at what is no letter or digit, before an upper-case letter after a
/// lower-case one or a digit, and before the last of several upper-case letters if a lower-case one follows: `IPAddress`.
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
    use super::same;

    #[test]
    fn the_spellings_of_a_name_are_the_same() {
        let spellings = [
            [
                "Machine action ID",
                "machineActionId",
                "machine-action-id",
                "MachineActionID",
                "machine_action_id",
            ],
            ["$orderby", "orderby", "Orderby", "ORDERBY", "$Orderby"],
            ["Ip Address", "ipAddress", "ip-address", "IPAddress", "IP address"],
            ["lookBackHours", "look-back-hours", "Look back hours", "LookBackHours", "LOOK-BACK-HOURS"],
        ];
        for row in &spellings {
            assert!(row.iter().all(|spelling| same(row[0], spelling)), "{row:?}");
            assert!(!spellings.iter().any(|other| other != row && same(row[0], other[0])), "{row:?}");
        }
        assert!(!same("machineid", "machine-id") && !same("", "a") && !same("Machine", "Machine ID"));
    }
}
