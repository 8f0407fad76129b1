//! "Did you mean": the known name that is nearest to an unknown one.

/// How alike two names must be, from 0 to 1, for one to be offered in place of the other.
const LIKENESS: f64 = 0.75;

/// Returns the known name that `given` was probably meant to be.
pub(crate) fn most_similar<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |name: &str| name.to_lowercase().replace([' ', '-', '_', '$'], "");
    let given = fold(given);
    names
        .map(|name| (strsim::jaro_winkler(&given, &fold(name)), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        // If several are equally near, the first wins.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, name)| name)
}
