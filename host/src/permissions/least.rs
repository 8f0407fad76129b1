//! The least permissions that suffice for a set of actions.

use std::collections::BTreeSet;

use super::Kind;
use crate::manifest::Permissions;

/// The search effort: branches times the square of the number of actions. Real connectors need a few dozen
/// branches; this limit stops the search in a hostile manifest.
const EFFORT: usize = 2_000_000;

/// The least permissions that a set of actions needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Least {
    /// The permissions: with them every action is allowed, and without any one of them some action is not.
    pub permissions: BTreeSet<String>,
    /// Whether some of the actions cannot be allowed with tokens of this kind at all.
    pub incomplete: bool,
}

/// Returns the least permissions that allow tokens of this kind all of the actions.
///
/// A manifest lists the alternatives for an action with the least powerful first. Among all sets without
/// superfluous permissions, the one closest to the beginnings of the lists is the least. With thousands of
/// alternatives the search may stop before it finds that set; the result then still suffices and has nothing
/// superfluous.
pub fn least<'a>(needs: impl IntoIterator<Item = &'a Permissions>, kind: Kind) -> Least {
    let mut lists: Vec<&[String]> = Vec::new();
    let mut incomplete = false;
    for needs in needs {
        let alternatives = needs.of(kind);
        if alternatives.is_empty() {
            // An action with no permissions listed at all needs none.
            incomplete |= !(needs.application.is_empty() && needs.delegated.is_empty());
        } else {
            lists.push(alternatives);
        }
    }
    // Actions with the fewest alternatives come first: without a choice, there is nothing to try.
    lists.sort_by_key(|alternatives| alternatives.len());
    let mut search = Search { lists: &lists, steps: EFFORT / (lists.len().pow(2) + 1), best: None };
    search.extend(&mut Vec::new());
    let chosen = search.best.map(|(_, chosen)| chosen).unwrap_or_default();
    Least { permissions: chosen.into_iter().map(str::to_owned).collect(), incomplete }
}

struct Search<'a> {
    lists: &'a [&'a [String]],
    steps: usize,
    best: Option<(Cost, BTreeSet<&'a str>)>,
}

/// The distance from the beginnings of the lists, then the number of permissions.
type Cost = (usize, usize);

impl<'a> Search<'a> {
    /// Tries all ways to extend the chosen set.
    fn extend(&mut self, chosen: &mut Vec<&'a str>) {
        let open = self.lists.iter().find(|list| !list.iter().any(|name| chosen.contains(&name.as_str())));
        let Some(open) = open else {
            self.settle(chosen);
            return;
        };
        for name in *open {
            // The first branch is always followed to its end.
            if self.steps == 0 && self.best.is_some() {
                return;
            }
            self.steps = self.steps.saturating_sub(1);
            chosen.push(name);
            self.extend(chosen);
            chosen.pop();
        }
    }

    /// Drops superfluous permissions from the chosen set, and keeps it if it is the best so far.
    fn settle(&mut self, chosen: &[&'a str]) {
        let mut kept: BTreeSet<&str> = chosen.iter().copied().collect();
        for name in chosen.iter().rev() {
            kept.remove(name);
            if !self.lists.iter().all(|list| list.iter().any(|other| kept.contains(other.as_str()))) {
                kept.insert(name);
            }
        }
        let distance =
            |list: &&[String]| list.iter().position(|name| kept.contains(name.as_str())).unwrap_or(0);
        let cost = (self.lists.iter().map(distance).sum(), kept.len());
        if self.best.as_ref().is_none_or(|(best, _)| cost < *best) {
            self.best = Some((cost, kept));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn needs(alternatives: &[&str]) -> Permissions {
        Permissions {
            application: alternatives.iter().map(|&name| name.to_owned()).collect(),
            delegated: vec!["User".into()],
        }
    }

    fn found(lists: &[&[&str]]) -> Vec<String> {
        let needs: Vec<Permissions> = lists.iter().map(|list| needs(list)).collect();
        least(&needs, Kind::Application).permissions.into_iter().collect()
    }

    #[test]
    fn the_least_powerful_alternatives_are_taken_unless_another_is_needed_anyway() {
        assert_eq!(found(&[]), [""; 0]);
        assert_eq!(found(&[&["Read", "Write"]]), ["Read"]);
        assert_eq!(found(&[&["Read", "Write"], &["Write"]]), ["Write"]);
        assert_eq!(found(&[&["A.Read", "All"], &["B.Read", "All"]]), ["A.Read", "B.Read"]);
        assert_eq!(
            found(&[&["Collect", "Isolate", "Scan"], &["Scan"], &["Read", "Write"]]),
            ["Read", "Scan"]
        );
    }

    #[test]
    fn actions_that_the_kind_cannot_do_are_told_apart_from_those_that_need_nothing() {
        let only_users = needs(&[]);
        assert!(least([&only_users], Kind::Application).incomplete);
        assert!(!least([&only_users], Kind::Delegated).incomplete);
        let nothing = Permissions::default();
        assert_eq!(least([&nothing], Kind::Application), Least::default());
    }

    #[test]
    fn a_manifest_of_many_alternatives_does_not_take_for_ever() {
        let names: Vec<Vec<String>> = (0..200)
            .map(|action| (0..50).map(|number| format!("P{}", (action * 7 + number * 13) % 997)).collect())
            .collect();
        let needs: Vec<Permissions> =
            names.into_iter().map(|application| Permissions { application, delegated: Vec::new() }).collect();
        let found = least(&needs, Kind::Application).permissions;
        assert!(needs.iter().all(|needs| needs.application.iter().any(|name| found.contains(name))));
    }

    proptest! {
        #[test]
        fn the_least_set_suffices_and_nothing_in_it_is_superfluous(
            lists in prop::collection::vec(prop::collection::vec("[A-H]", 1..5), 0..9),
        ) {
            let needs: Vec<Permissions> = lists
                .iter()
                .map(|list| Permissions { application: list.clone(), delegated: Vec::new() })
                .collect();
            let found = least(&needs, Kind::Application).permissions;
            let suffices = |set: &BTreeSet<String>| lists.iter().all(|list| list.iter().any(|name| set.contains(name)));
            prop_assert!(suffices(&found));
            for name in &found {
                let mut fewer = found.clone();
                fewer.remove(name);
                prop_assert!(!suffices(&fewer), "{name} is superfluous in {found:?}");
            }
        }

        /// Tries all sets: no set without superfluous permissions is closer to the beginnings of the lists.
        #[test]
        fn no_other_set_is_less(
            lists in prop::collection::vec(prop::collection::vec("[A-F]", 1..4), 0..6),
        ) {
            let needs: Vec<Permissions> = lists
                .iter()
                .map(|list| Permissions { application: list.clone(), delegated: Vec::new() })
                .collect();
            let found = least(&needs, Kind::Application).permissions;
            let set = |bits: u32| -> BTreeSet<String> {
                ('A'..='F').enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| name.into()).collect()
            };
            let suffices = |set: &BTreeSet<String>| lists.iter().all(|list| list.iter().any(|name| set.contains(name)));
            let cost = |set: &BTreeSet<String>| -> usize {
                lists.iter().map(|list| list.iter().position(|name| set.contains(name)).unwrap_or(0)).sum()
            };
            for other in (0..64).map(set).filter(|other| suffices(other)) {
                let minimal = other.iter().all(|name| {
                    let mut fewer = other.clone();
                    fewer.remove(name);
                    !suffices(&fewer)
                });
                prop_assert!(!minimal || cost(&found) <= cost(&other), "{other:?} is less than {found:?}");
            }
        }
    }
}
