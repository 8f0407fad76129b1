//! "Did you mean": the known name nearest to an unknown one.

/// How alike two names must be, from 0 to 1, to be offered for one another.
const LIKENESS: f64 = 0.75;

/// The known name that `given` was probably meant to be.
pub(crate) fn most_similar<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |name: &str| name.to_lowercase().replace([' ', '-', '_', '$'], "");
    let given = fold(given);
    names
        .map(|name| (strsim::jaro_winkler(&given, &fold(name)), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        // Of several that are equally near, the first.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, name)| name)
}
