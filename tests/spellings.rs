//! A parameter is understood in any spelling of its key: as it is, in kebab-case and in camelCase.

use crate::support;

/// The words of a key in lower case: `Machine action ID` has three, `lookBackHours` too.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in key.chars() {
        if letter.is_uppercase() && before.is_lowercase() || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn capitalised(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

#[test]
fn any_spelling_of_a_key_is_understood_for_every_parameter_of_every_action() {
    let (_, connector) = support::connector();
    let mut checked = 0;
    for function in connector.functions() {
        for parameter in function.signature.parameters() {
            for name in [&*parameter.key, &*parameter.name] {
                let words = words(name);
                let pascal: String = words.iter().map(|word| capitalised(word)).collect();
                let camel = words[0].clone() + &pascal[words[0].len()..];
                for spelled in [name, &words.join("-"), &camel] {
                    let meant = function.signature.meant_by(spelled).map(|meant| &*meant.name);
                    let action = &function.action.name;
                    assert_eq!(meant, Some(&*parameter.name), "{action}: {spelled}");
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 300, "{checked}");
}

#[test]
fn other_words_are_not_understood() {
    let (_, connector) = support::connector();
    let function = connector.find("get-machine").expect("there is such an action");
    for other in
        ["", "$", "id", "machine", "machineid", "machine-ids", "ID Machine", "Machine Id", "MACHINE ID"]
    {
        assert!(function.signature.meant_by(other).is_none(), "{other}");
    }
}
