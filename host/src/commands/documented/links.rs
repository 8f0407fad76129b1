//! Links lead to existing targets.

use std::collections::BTreeMap;
use std::path::Path;

use super::page::Page;
use super::{all, manual, root};

#[test]
fn each_link_leads_to_a_file_and_a_heading_that_are_there() {
    for page in all() {
        for link in &page.links {
            check(&page, link);
        }
    }
}

/// On a page of the manual, a link to another page has its target twice: as a file, at the end of the page,
/// and as an item for rustdoc, in `links.md`.
#[test]
fn each_link_between_pages_has_a_target_for_rustdoc_too() {
    let text = std::fs::read_to_string(root().join("host/src/manual/links.md")).expect("it is there");
    let targets: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ")).collect();
    let mut links = 0;
    for page in manual().iter().filter(|page| !page.path.ends_with("../README.md")) {
        for (label, target) in &page.labels {
            let item = targets.get(&**label).unwrap_or_else(|| panic!("{}: [{label}]", page.name()));
            if let Some(item) = item.strip_prefix("crate::manual") {
                let file = page.path.parent().expect("it is in a folder").join(target);
                let module = file.canonicalize().expect("the link leads to a file");
                let manual = root().join("host/src/manual").canonicalize().expect("it is there");
                let path =
                    module.strip_prefix(manual).expect("it is a page of the manual").with_extension("");
                let path = path.to_string_lossy().replace('/', "::");
                let path = path.strip_suffix("README").unwrap_or(&path);
                assert_eq!(item.trim_matches(':'), path.trim_matches(':'), "{}: [{label}]", page.name());
            }
            links += 1;
        }
        let others = page.links.len() - page.labels.len();
        let outside = page.links.iter().filter(|link| link.starts_with("https://")).count();
        assert_eq!(others, outside, "{}: a link to a page is written [words][label]", page.name());
    }
    assert!(links >= 40, "{links} links were found");
}

fn check(page: &Page, link: &str) {
    if link.starts_with("https://") {
        return;
    }
    assert!(!link.contains("://"), "{}: {link} is not https", page.name());
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let target = if file.is_empty() { page.path.clone() } else { folder(page).join(file) };
    assert!(target.exists(), "{}: there is no {link}", page.name());
    if let Some(anchor) = anchor {
        let known = Page::read(&target).headings.iter().any(|heading| slug(&heading.text) == anchor);
        assert!(known, "{}: {link} is no heading", page.name());
    }
}

fn folder(page: &Page) -> &Path {
    page.path.parent().expect("a page is in a folder")
}

/// A heading's anchor.
fn slug(heading: &str) -> String {
    let letters = heading.to_lowercase();
    let kept = letters.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}
