//! Reads the reference's text.

use super::text::{DYNAMIC, Definition, Document, LIMITS, Operation, PARAMETERS, RESULTS, Returns, Row};

impl Document {
    /// Reads the published text, or its reduction.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = Lines { lines: text.lines().map(str::trim).collect(), next: 0 };
        lines.skip_blank();
        let mut title = lines.take();
        // What a web page says above its own title.
        while title != "Microsoft Defender ATP" {
            lines.skip_blank();
            title = lines.take();
        }
        lines.find(LIMITS)?;
        let limit = lines.take().to_owned();
        lines.find("Actions")?;
        let actions = operations(&mut lines)?;
        lines.expect("Triggers")?;
        let triggers = operations(&mut lines)?;
        lines.expect("Definitions")?;
        let mut definitions = Vec::new();
        while !lines.at_end() {
            definitions.push(definition(&mut lines)?);
        }
        Ok(Self { title: title.to_owned(), limit, actions, triggers, definitions })
    }
}

/// Reads the overview, then the details of each operation in it.
fn operations(lines: &mut Lines) -> Result<Vec<Operation>, String> {
    let mut operations: Vec<Operation> = Vec::new();
    lines.skip_blank();
    // The overview ends where the first operation is named again.
    while operations.first().is_none_or(|first| first.title != lines.peek()) {
        let title = lines.take().to_owned();
        lines.skip_blank();
        let summary = lines.take().to_owned();
        lines.skip_blank();
        operations.push(Operation { title, summary, ..Operation::default() });
        if lines.at_end() {
            return Err("the overview has no end".into());
        }
    }
    for operation in &mut operations {
        operation.has_heading = lines.peek() == operation.title;
        if operation.has_heading {
            lines.take();
            lines.skip_blank();
        }
        lines.expect(&operation.summary)?;
        if lines.peek() == "Parameters" {
            lines.take();
            lines.skip_blank();
            lines.expect(PARAMETERS)?;
            operation.parameters = rows(lines, |lines| lines.peek() == "Returns")?;
        }
        lines.expect("Returns")?;
        operation.returns = returns(lines)?;
    }
    Ok(operations)
}

fn returns(lines: &mut Lines) -> Result<Returns, String> {
    match lines.peek() {
        RESULTS => {
            lines.take();
            Ok(Returns::Table(rows(lines, |lines| lines.is_heading())?))
        }
        DYNAMIC => {
            lines.take();
            lines.skip_blank();
            Ok(Returns::Dynamic)
        }
        // A summary, then a title with its type below. What is not followed by that belongs to the next operation.
        _ if lines.is_row_at(2) && lines.ahead(3).split(' ').count() == 1 => {
            let summary = lines.take().to_owned();
            lines.skip_blank();
            let (title, type_name) = (lines.take().to_owned(), lines.take().to_owned());
            lines.skip_blank();
            Ok(Returns::Entity { summary, title, type_name })
        }
        _ => Ok(Returns::Unsaid),
    }
}

fn definition(lines: &mut Lines) -> Result<Definition, String> {
    let name = lines.take().to_owned();
    lines.skip_blank();
    let mut summary = None;
    if lines.peek() != RESULTS {
        summary = Some(lines.take().to_owned());
        lines.skip_blank();
    }
    lines.expect(RESULTS)?;
    Ok(Definition { name, summary, fields: rows(lines, |lines| lines.is_heading())? })
}

/// Reads rows: a title, and below it the key with the type. In the published text a sentence may follow.
fn rows(lines: &mut Lines, is_over: fn(&Lines) -> bool) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    lines.skip_blank();
    while lines.is_row_at(0) {
        let title = lines.take().to_owned();
        rows.push(row(title, lines.take())?);
        lines.skip_blank();
        if !lines.at_end() && !lines.is_row_at(0) && !is_over(lines) {
            lines.take();
            lines.skip_blank();
        }
    }
    Ok(rows)
}

fn row(title: String, line: &str) -> Result<Row, String> {
    let (key, type_name) = match line.split_once(" array of ") {
        Some((key, item)) => (key, format!("array of {item}")),
        None => line
            .rsplit_once(' ')
            .map(|(key, name)| (key, name.to_owned()))
            .ok_or(format!("no row: {line}"))?,
    };
    let (key, required) = match key.strip_suffix(" True") {
        Some(key) => (key, true),
        None => (key, false),
    };
    Ok(Row { title, key: key.to_owned(), required, type_name })
}

struct Lines<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> Lines<'a> {
    fn ahead(&self, by: usize) -> &'a str {
        self.lines.get(self.next + by).copied().unwrap_or_default()
    }

    fn peek(&self) -> &'a str {
        self.ahead(0)
    }

    fn take(&mut self) -> &'a str {
        let line = self.peek();
        self.next += 1;
        line
    }

    fn at_end(&self) -> bool {
        self.next >= self.lines.len()
    }

    fn skip_blank(&mut self) {
        while !self.at_end() && self.peek().is_empty() {
            self.next += 1;
        }
    }

    fn find(&mut self, line: &str) -> Result<(), String> {
        let found = self.lines[self.next..].iter().position(|other| *other == line);
        self.next += found.ok_or_else(|| format!("there is no line `{line}`"))? + 1;
        Ok(())
    }

    /// Takes that line and the blank ones below it.
    fn expect(&mut self, line: &str) -> Result<(), String> {
        let found = self.take();
        if found != line {
            return Err(format!("line {}: expected `{line}`, found `{found}`", self.next));
        }
        self.skip_blank();
        Ok(())
    }

    /// Whether a row begins so many lines ahead: only a row has a second line right below its first.
    fn is_row_at(&self, by: usize) -> bool {
        let next = self.ahead(by + 1);
        !self.ahead(by).is_empty() && !next.is_empty() && next != RESULTS && next != PARAMETERS
    }

    /// Whether this line, below a table, begins something new: an operation by its title or just its summary, a
    /// definition by its name, a part of the document.
    fn is_heading(&self) -> bool {
        let is_ahead = |headings: &[&str]| [2, 4].iter().any(|by| headings.contains(&self.ahead(*by)));
        let heads_definition = !self.peek().contains(' ') && is_ahead(&[RESULTS]);
        heads_definition
            || is_ahead(&["Parameters", "Returns"])
            || matches!(self.peek(), "Triggers" | "Definitions")
    }
}
