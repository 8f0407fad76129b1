//! The build reads the WIT according to the grammar of its doc comments, and stops at violations.

#![allow(dead_code, missing_docs, reason = "the build uses what this test does not")]

#[path = "../build/contract.rs"]
mod contract;
#[path = "../build/doc.rs"]
mod doc;
#[path = "../build/exports.rs"]
mod exports;
#[path = "../build/function.rs"]
mod function;
#[path = "../build/lookup.rs"]
mod lookup;
#[path = "../build/manifest.rs"]
mod manifest;
#[path = "../build/memory.rs"]
mod memory;
#[path = "../build/naming.rs"]
mod naming;
#[path = "../build/rust.rs"]
mod rust;
#[path = "../build/types.rs"]
mod types;
#[path = "../build/wit.rs"]
mod wit;
#[path = "../build/world.rs"]
mod world;

use std::fs;
use std::path::Path;

use serde_json::Value;

/// A connector with one action and one trigger.
const WIT: &str = r#"
/// A connector.
package a:b@0.1.0;

/// The title
///
/// The summary,
/// in two lines.
///
/// More.
///
/// @connector name
/// @quota 100 per 60 seconds
/// @limit 5 per 60 seconds
/// @environment api-url URL
/// @environment access-token TOKEN
/// @cloud public api=https://a authority=https://b scope=s/.default
world w {
    export workflow:connector/connector-types@0.1.0;
    export things;
}

/// Things.
interface things {
    use workflow:connector/connector-types@0.1.0.{date-time, failure};

    /// A colour.
    enum colour {
        /// DarkRed: Red.
        dark-red,
        /// Blue [b]: Blue.
        blue,
    }

    /// How to page.
    record options {
        /// Next page [nextLink]: Where.
        ///
        /// @extension
        next-link: option<string>,
    }

    /// A page
    ///
    /// @definition Page
    record page {
        /// Things [value]: The things.
        value: list<string>,
        /// Last seen: When.
        last-seen: option<date-time>,
        /// Next link [@odata.nextLink]: The next.
        next-link: option<string>,
    }

    /// Lists things
    ///
    /// In pages.
    ///
    /// @title List: the things
    /// @operation ListThings
    /// @param colour Colour [The colour] (extension): Which,
    ///   and only those.
    /// @effect read
    /// @preview
    /// @permission application A | B
    /// @source https://c
    list-things: func(colour: colour, options: options) -> result<page, failure>;

    /// Polls
    ///
    /// @title Poll
    /// @operation Poll
    /// @trigger new-things
    /// @returns Text [value]: What.
    /// @effect read
    /// @limit undocumented
    /// @deprecated 2027-02-01 use list-things
    poll-things: func() -> result<string, failure>;
}
"#;

/// The manifest of a WIT text, or the build's error. `name` identifies the test.
fn manifest_of(name: &str, wit: &str) -> Result<Value, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder can be made");
    fs::write(folder.join("a.wit"), wit).expect("a file can be written");
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/connector");
    let wit = wit::Wit::read(&[&shared, &folder])?;
    let contract = contract::Contract::read(&wit)?;
    exports::code(&wit)?;
    Ok(manifest::manifest(&contract, "1.2.3"))
}

#[test]
fn a_manifest_says_what_the_comments_say() {
    let manifest = manifest_of("good", WIT).expect("the WIT is good");
    let expected = serde_json::json!({
        "contract": "workflow:connector@0.1.0",
        "name": "name",
        "version": "1.2.3",
        "title": "The title",
        "summary": "The summary, in two lines.",
        "quota": { "calls": 100, "periodSeconds": 60 },
        "environment": { "apiUrl": "URL", "accessToken": "TOKEN" },
        "clouds": { "public": { "api": "https://a", "authority": "https://b", "scope": "s/.default" } },
        "actions": [{
            "name": "list-things",
            "interface": "a:b/things@0.1.0",
            "operationId": "ListThings",
            "title": "List: the things",
            "summary": "Lists things",
            "description": "In pages.",
            "effect": "read",
            "permissions": { "application": ["A", "B"], "delegated": [] },
            "limits": [{ "calls": 5, "periodSeconds": 60 }],
            "paging": { "parameter": "next-link", "items": "value", "next": "next-link" },
            "status": "preview",
            "sources": ["https://c"],
            "parameters": [
                {
                    "name": "colour", "key": "The colour", "title": "Colour", "description": "Which, and only those.",
                    "type": "colour", "required": true, "extension": true,
                },
                {
                    "name": "options", "key": "options", "title": "Options", "description": "How to page.",
                    "type": "options", "required": true, "inline": true,
                },
            ],
            "returns": { "type": "page" },
        }],
        "triggers": [{
            "name": "new-things",
            "title": "Poll",
            "summary": "Polls",
            "operationId": "Poll",
            "status": "deprecated",
            "deprecatedOn": "2027-02-01",
            "successor": "list-things",
            "poll": {
                "name": "poll-things",
                "interface": "a:b/things@0.1.0",
                "operationId": "Poll",
                "title": "Poll",
                "summary": "Polls",
                "effect": "read",
                "permissions": { "application": [], "delegated": [] },
                "limits": [],
                "status": "deprecated",
                "deprecatedOn": "2027-02-01",
                "successor": "list-things",
                "sources": [],
                "parameters": [],
                "returns": { "key": "value", "title": "Text", "description": "What.", "type": "string" },
            },
        }],
        "types": {
            "colour": {
                "kind": "enum", "summary": "A colour.",
                "cases": [
                    { "name": "dark-red", "key": "DarkRed", "description": "Red." },
                    { "name": "blue", "key": "b", "description": "Blue." },
                ],
            },
            "options": {
                "kind": "record", "summary": "How to page.",
                "fields": [{
                    "name": "next-link", "key": "nextLink", "title": "Next page", "description": "Where.",
                    "type": "string", "required": false, "extension": true,
                }],
            },
            "page": {
                "kind": "record", "definition": "Page", "summary": "A page",
                "fields": [
                    {
                        "name": "value", "key": "value", "title": "Things", "description": "The things.",
                        "type": "array of string", "required": true,
                    },
                    {
                        "name": "last-seen", "key": "lastSeen", "title": "Last seen", "description": "When.",
                        "type": "date-time", "required": false,
                    },
                    {
                        "name": "next-link", "key": "@odata.nextLink", "title": "Next link", "description": "The next.",
                        "type": "string", "required": false,
                    },
                ],
            },
        },
    });
    assert_eq!(manifest, expected);
}

#[test]
fn what_breaks_the_grammar_stops_the_build_and_is_named() {
    let rules = [
        ("    /// A colour.\n", "", "colour: has no doc comment"),
        ("/// Things.\n", "", "things: has no doc comment"),
        ("/// DarkRed: Red.", "/// DarkRed.", "colour.dark-red: a colon is missing"),
        ("/// Blue [b]: Blue.", "/// Blue b]: Blue.", "colour.blue: the key has no `[`"),
        ("/// Blue [b]: Blue.", "/// Blue [DARKRED]: Blue.", "colour: the key `DARKRED` is given twice"),
        ("/// Last seen: When.", "/// Last seen [Value]: When.", "page: the key `Value` is given twice"),
        ("/// Last seen: When.", "/// Last seen:", "page.last-seen: a title, key or description is empty"),
        (
            "/// Last seen: When.",
            "/// Last seen: When.\n///\n/// And more.",
            "page.last-seen: is documented by one paragraph",
        ),
        ("/// @title List: the things\n", "", "list-things: @title is missing"),
        ("/// @title Poll", "/// @title Poll\n/// @title Poll", "poll-things: @title is given twice"),
        (
            "/// Last seen: When.",
            "/// Last seen: When.\n///\n/// @absent-is-empty",
            "page.last-seen: @absent-is-empty is for lists",
        ),
        (
            "@environment api-url",
            "@host *.com\n/// @environment api-url",
            "w: @host `*.com` is not a host name",
        ),
        ("@environment api-url", "@host a*b*.c.d\n/// @environment api-url", "w: @host `a*b*.c.d` is not"),
        ("/// @title Poll", "/// @titel Poll", "poll-things: @title is missing"),
        (
            "/// @effect read\n    /// @preview",
            "/// @effect reads\n    /// @preview",
            "list-things: @effect `reads`",
        ),
        ("/// @preview", "/// @preview soon", "list-things: @preview stands alone"),
        ("/// @preview", "/// @review", "list-things: @review does not belong here"),
        ("/// @preview", "/// @inverse nothing", "list-things: its @inverse `nothing` does not exist"),
        (
            "/// @permission application",
            "/// @permission applicant",
            "list-things: @permission `applicant A | B`",
        ),
        ("@param colour", "@param color", "list-things.colour: @param is missing"),
        ("/// @preview", "/// @param no No [no]: No.", "list-things: @param no names no parameter"),
        (" [The colour] (extension)", "", "list-things.colour: its @param has no [key]"),
        (
            "///   and only those.",
            "/// and only those.",
            "list-things: `and only those.` stands below @param",
        ),
        ("/// @returns Text [value]: What.\n", "", "poll-things: @returns is missing"),
        ("/// @preview", "/// @returns A [a]: A.", "list-things: returns a record"),
        ("@limit undocumented", "@limit many", "poll-things: `many` is not of the form `N per S seconds`"),
        ("use list-things", "for list-things", "poll-things: @deprecated `2027-02-01 for list-things`"),
        ("poll-things: func", "look-at-things: func", "look-at-things: is part of a trigger"),
        ("-> result<string, failure>", "-> string", "poll-things: does not return"),
        ("/// @quota 100 per 60 seconds\n", "", "w: @quota is missing"),
        ("scope=s/.default", "", "w: `public api=https://a authority=https://b` is not of the form"),
        ("/// @environment access-token TOKEN\n", "", "w: @environment access-token is missing"),
        ("export things;", "export things;\n/// X\nexport x: func();", "w: `x` is a bare function"),
        ("    export workflow:connector/connector-types@0.1.0;\n", "", "w: exports nothing of `workflow:`"),
    ];
    for (place, (from, to, reason)) in rules.into_iter().enumerate() {
        assert!(WIT.contains(from), "{from}");
        let error = manifest_of(&format!("bad-{place}"), &WIT.replacen(from, to, 1)).expect_err(reason);
        assert!(error.contains(reason), "{from} -> {to}: {error}");
    }
}

/// The WIT with a page of things that have a name.
fn with_lookup(tag: &str) -> String {
    let item = "    /// A thing\n    record thing {\n        /// ID: Its id.\n        id: option<string>,\n        \
                /// Label [displayName]: Its name.\n        label: option<string>,\n    }\n\n    /// A page\n";
    WIT.replacen("    /// A page\n", item, 1)
        .replacen("value: list<string>", "value: list<thing>", 1)
        .replacen("/// @preview", &format!("/// @preview\n    /// @finds {tag}"), 1)
}

#[test]
fn what_is_found_by_name_is_in_the_manifest_with_the_keys_of_json() {
    let tag = "colour id label id:\n    ///   next-link displayName eq '{name}'";
    let manifest = manifest_of("lookup", &with_lookup(tag)).expect("the WIT is good");
    let expected = serde_json::json!([{
        "parameter": "colour",
        "action": "list-things",
        "input": { "next-link": "displayName eq '{name}'" },
        "id": "id",
        "name": "displayName",
        "shown": ["id"],
    }]);
    assert_eq!(manifest["lookups"], expected);
}

#[test]
fn a_name_that_leads_nowhere_stops_the_build() {
    for (place, (tag, reason)) in [
        ("colour id label", "list-things: @finds is not `PARAMETER"),
        ("colour id: next-link {name}", "list-things: @finds is not `PARAMETER"),
        ("colour id label: next-link name", "list-things: @finds is not `PARAMETER"),
        ("colour id title: next-link {name}", "list-things: its @finds names no field `title`"),
        (
            "shape id label: next-link {name}",
            "list-things: its @finds finds `shape`, which no function takes",
        ),
        ("colour id label: filter {name}", "list-things: its @finds gives `filter`, which the function"),
    ]
    .into_iter()
    .enumerate()
    {
        let error = manifest_of(&format!("bad-lookup-{place}"), &with_lookup(tag)).expect_err(reason);
        assert!(error.contains(reason), "{tag}: {error}");
    }
}
