//! How deeply JSON nests.

/// The deepest nesting of arrays and objects that common JSON readers accept, ours included.
pub(super) const DEEPEST: usize = 127;

/// Returns how deeply arrays and objects nest in well-formed JSON.
pub(super) fn of(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_arrays_and_objects_outside_of_text_nest() {
        for (json, depth) in
            [("1", 0), (r#""[[""#, 0), (r#"["\"[",{"a":[]}]"#, 3), (r#"["\\",[]]"#, 2), ("[[],[]]", 2)]
        {
            assert_eq!(super::of(json), depth, "{json}");
        }
    }
}
