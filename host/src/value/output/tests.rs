//! Results that can be written as JSON, and results that cannot.

use super::{Encoding, ReadError, Writer};
use crate::value::layout::SPAN;
use crate::value::plan::Plan;

/// Writes the value at address 0.
fn written(plan: &Plan, memory: &[u8], encoding: Encoding) -> Result<String, ReadError> {
    let mut writer = Writer::new(memory, encoding, 1000);
    writer.write(plan, 0)?;
    Ok(String::from_utf8(writer.into_json()).expect("JSON is text"))
}

fn span(start: u32, length: u32) -> Vec<u8> {
    [start.to_le_bytes(), length.to_le_bytes()].concat()
}

fn texts() -> Plan {
    Plan::List { item: Box::new(Plan::String), room: SPAN }
}

#[test]
fn text_is_read_in_the_components_encoding() {
    let utf16: Vec<u8> = "\u{e9}\u{1f984}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (encoding, bytes, length) in [
        (Encoding::Utf8, "\u{e9}\u{1f984}".as_bytes(), 6),
        (Encoding::Utf16, &utf16, 3),
        (Encoding::Latin1OrUtf16, &utf16, 3 | 1 << 31),
    ] {
        let memory = [span(8, length), bytes.to_vec()].concat();
        let text = written(&Plan::String, &memory, encoding).expect("it is text");
        assert_eq!(text, "\"\u{e9}\u{1f984}\"", "{encoding:?}");
    }
    let memory = [span(8, 1), vec![0xe9]].concat();
    assert_eq!(written(&Plan::String, &memory, Encoding::Latin1OrUtf16).expect("it is"), "\"\u{e9}\"");
}

#[test]
fn what_lies_outside_memory_is_not_read() {
    for (plan, memory) in [
        (Plan::String, span(8, 1)),
        (Plan::String, span(u32::MAX, u32::MAX)),
        (Plan::String, vec![0; 7]),
        (texts(), span(8, 1)),
        (texts(), span(4, u32::MAX)),
        (texts(), span(1, 0)),
        (texts(), [span(8, 1), span(16, 1)].concat()),
        (Plan::Double, vec![0; 7]),
        (Plan::Flags(vec![b"\"f\"".as_slice().into(); 9].into()), vec![0]),
    ] {
        let outcome = written(&plan, &memory, Encoding::Utf8);
        assert!(matches!(outcome, Err(ReadError::Malformed(_))), "{plan:?}: {outcome:?}");
    }
}

#[test]
fn what_is_not_of_its_type_is_refused() {
    let option = Plan::Option { some: Box::new(Plan::Bool), payload: 1 };
    let variant = Plan::Variant { tag: 2, payload: 2, cases: [(b"\"a\"".as_slice().into(), None)].into() };
    for (plan, memory) in [
        (Plan::String, [span(8, 1), vec![0xff]].concat()),
        (Plan::String, [span(8, 3), vec![0xed, 0xa0, 0x80]].concat()),
        (Plan::Char, 0xd800_u32.to_le_bytes().to_vec()),
        (option, vec![2, 0]),
        (variant, vec![0, 1, 0, 0]),
        (Plan::Enum { tag: 4, names: [].into() }, vec![0; 4]),
    ] {
        let outcome = written(&plan, &memory, Encoding::Utf8);
        assert!(matches!(outcome, Err(ReadError::Malformed(_))), "{plan:?}: {outcome:?}");
    }
    let odd = [span(8, 1), vec![0x00, 0xd8]].concat();
    assert!(matches!(written(&Plan::String, &odd, Encoding::Utf16), Err(ReadError::Malformed(_))));
}

#[test]
fn json_that_nests_too_deeply_to_be_read_again_is_refused() {
    for (levels, is_read) in [(127, true), (128, false), (10_000, false)] {
        let json = "[".repeat(levels) + &"]".repeat(levels);
        let length = u32::try_from(json.len()).expect("it is short");
        let mut writer = Writer::new(&[], Encoding::Utf8, 100_000);
        let memory = [span(8, length), json.into_bytes()].concat();
        writer.memory = &memory;
        let outcome = writer.write(&Plan::Json, 0);
        let read = serde_json::from_slice::<serde_json::Value>(&writer.into_json());
        assert_eq!((outcome.is_ok(), is_read && read.is_ok()), (is_read, is_read), "{levels}");
    }
}

#[test]
fn a_little_memory_cannot_become_much_text() {
    // A list of a hundred texts, all of them the same hundred bytes.
    let texts_of_all = [span(8, 100), span(808, 100).repeat(100), vec![b'x'; 100]].concat();
    // A list of four billion values that take no space.
    let empty = Plan::List {
        item: Box::new(Plan::Tuple([].into())),
        room: super::super::layout::Layout { size: 0, align: 1, flat: 0 },
    };
    for (plan, memory) in [(texts(), texts_of_all), (empty, span(0, u32::MAX))] {
        let outcome = written(&plan, &memory, Encoding::Utf8);
        assert!(matches!(outcome, Err(ReadError::TooLarge { limit: 1000 })), "{outcome:?}");
    }
}
