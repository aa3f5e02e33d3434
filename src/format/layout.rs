//! Where lines break and what is aligned.

use super::lexer::{Part, join, parts};
use crate::base::InOrder;
use crate::syntax::split::{Segment, first_word};

/// The width lines are kept to where they can be.
const WIDTH: usize = 100;
/// More conditions than this stand on lines of their own.
const TOGETHER: usize = 2;

/// A laid-out line, or several that belong together.
struct Entry {
    /// What decides whether a blank line separates it from its neighbours.
    sort: String,
    lines: Vec<String>,
    /// A text or comment to be aligned with those of neighbours.
    tail: Option<String>,
    trailing: Option<String>,
    blank_before: bool,
    row: Option<Row>,
}

/// A row of a lens, whose parts are aligned with those of other rows.
struct Row {
    label: String,
    verdict: String,
    reason: String,
    body: Vec<Part>,
}

/// A page being laid out.
pub(super) struct Page<'t> {
    text: &'t str,
    out: Vec<Entry>,
    /// The entries of the open block.
    block: Option<(Entry, Vec<Entry>)>,
    head: Option<Entry>,
    blank: bool,
}

impl<'t> Page<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, out: Vec::new(), block: None, head: None, blank: false }
    }

    pub fn blank(&mut self, empty_line: bool) {
        self.blank |= empty_line;
    }

    fn push(&mut self, mut entry: Entry) {
        entry.blank_before = std::mem::take(&mut self.blank);
        match &mut self.block {
            Some((_, entries)) => entries.push(entry),
            None => self.out.push(entry),
        }
    }

    pub fn comment(&mut self, text: &str) {
        if self.head.is_some() {
            self.trailing(text);
            return;
        }
        self.push(Entry::new("#", vec![text.to_owned()]));
    }

    pub fn trailing(&mut self, text: &str) {
        let entries = match (&mut self.head, &mut self.block) {
            (Some(head), _) => std::slice::from_mut(head),
            (None, Some((head, entries))) => {
                if entries.is_empty() {
                    std::slice::from_mut(head)
                } else {
                    entries.as_mut_slice()
                }
            }
            (None, None) => self.out.as_mut_slice(),
        };
        let fits = entries.last().is_some_and(|entry| entry.trailing.is_none() && entry.sort != "#");
        match entries.last_mut() {
            Some(last) if fits => last.trailing = Some(text.to_owned()),
            _ => self.push(Entry::new("#", vec![text.to_owned()])),
        }
    }

    pub fn line(&mut self, segment: &Segment, opens: bool) {
        let source = &self.text[segment.start..segment.end];
        let word = first_word(source).to_owned();
        let all = parts(source);
        if opens && self.block.is_none() {
            let mut head = Entry::new(&word, vec![join(&all)]);
            head.blank_before = std::mem::take(&mut self.blank);
            self.head = Some(head);
            return;
        }
        let in_lens = self.block.as_ref().is_some_and(|(head, _)| head.sort == "lens");
        let entry =
            if in_lens { lens_line(&word, &all) } else { declaration(&word, &all, self.block.is_some()) };
        self.push(entry);
    }

    pub fn open(&mut self) {
        let head = self.head.take().unwrap_or_else(|| Entry::new("", vec![String::new()]));
        self.block = Some((head, Vec::new()));
        self.blank = false;
    }

    pub fn close(&mut self) {
        self.blank = false;
        let Some((mut head, mut entries)) = self.block.take() else { return };
        if head.sort == "lens" {
            order(&mut entries);
            align_rows(&mut entries);
        }
        align_tails(&mut entries, 2);
        if let Some(line) = head.lines.last_mut() {
            line.push_str(" {");
            if let Some(trailing) = head.trailing.take() {
                line.push_str("  ");
                line.push_str(&trailing);
            }
        }
        for (at, entry) in entries.iter().enumerate() {
            if at > 0 && entry.blank_before {
                head.lines.push(String::new());
            }
            head.lines.extend(entry.lines.iter().map(|line| format!("  {line}")));
        }
        head.lines.push("}".to_owned());
        self.out.push(head);
    }

    pub fn finish(mut self) -> String {
        align_tails(&mut self.out, 0);
        let mut out = String::new();
        for (at, entry) in self.out.iter().enumerate() {
            if at > 0 && separated(&self.out[at - 1], entry) {
                out.push('\n');
            }
            for line in &entry.lines {
                out.push_str(line.trim_end());
                out.push('\n');
            }
        }
        out
    }
}

impl Entry {
    fn new(sort: &str, lines: Vec<String>) -> Self {
        Self { sort: sort.to_owned(), lines, tail: None, trailing: None, blank_before: false, row: None }
    }
}

/// One blank line between declarations of different sorts and around blocks; elsewhere as it was.
fn separated(before: &Entry, entry: &Entry) -> bool {
    if before.sort == "#" || before.sort == "allow" {
        return entry.blank_before;
    }
    let block = |entry: &Entry| entry.lines.last().is_some_and(|line| line == "}");
    let headline = |entry: &Entry| matches!(entry.sort.as_str(), "ruleset" | "language");
    let comment = entry.sort == "#" || entry.sort == "allow";
    let differs = before.sort != entry.sort && !comment && !(headline(before) && headline(entry));
    entry.blank_before || differs || block(before) || block(entry) && !comment
}

/// A declaration or a line of a scenario, `facts` or `from`.
fn declaration(word: &str, all: &[Part], in_block: bool) -> Entry {
    let word = match word {
        "expect" | "given" => word,
        _ if in_block => "fact",
        _ => word,
    };
    let keyword =
        |part: &Part| part.depth == 0 && matches!(part.text.as_str(), "when" | "among" | "unless" | "where");
    let body_at = all.iter().position(keyword);
    let broken = all.iter().any(|part| part.comment);
    if word == "relation" && !broken {
        // A description is aligned with those of neighbours.
        if let Some((last, rest)) = all.split_last()
            && last.text.starts_with('"')
            && !rest.is_empty()
        {
            let mut entry = Entry::new(word, vec![join(rest)]);
            entry.tail = Some(last.text.clone());
            return entry;
        }
    }
    let Some(at) = body_at else { return Entry::new(word, wrapped(all)) };
    let one = join(all);
    let conditions = joints(&all[at..]).len();
    if in_block && one.len() <= WIDTH - 2 && !broken && conditions <= TOGETHER {
        return Entry::new(word, vec![one]);
    }
    let mut lines = wrapped(&all[..at]);
    lines.extend(body(&all[at..], 2));
    Entry::new(word, lines)
}

/// The places at which the conditions of a body begin: at its keyword, `and` and `or` outside
/// brackets.
fn joints(body: &[Part]) -> Vec<usize> {
    let mut out = vec![0];
    let mut after_lenses = false;
    for (at, part) in body.iter().enumerate().skip(1) {
        match part.text.as_str() {
            // `lenses a and b disagree on …` is one condition.
            "lenses" => after_lenses = true,
            "disagree" => after_lenses = false,
            "and" if after_lenses => {}
            "and" | "or" if part.depth == 0 => out.push(at),
            _ => {}
        }
    }
    out
}

/// A body with its keyword at `indent`; `unless` starts where `when` starts, `and` and `or` end
/// where it ends.
fn body(all: &[Part], indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut sections: Vec<&[Part]> = Vec::new();
    let mut start = 0;
    for (at, part) in all.iter().enumerate() {
        if at > 0 && part.depth == 0 && matches!(part.text.as_str(), "unless") {
            sections.push(&all[start..at]);
            start = at;
        }
    }
    sections.push(&all[start..]);
    for section in sections {
        let places = joints(section);
        let one = join(section);
        let broken = section.iter().any(|part| part.comment);
        if places.len() <= TOGETHER && indent + one.len() <= WIDTH && !broken {
            lines.push(format!("{}{one}", " ".repeat(indent)));
            continue;
        }
        let end = indent + section[0].text.len();
        for (nth, place) in places.iter().enumerate() {
            let until = places.get(nth + 1).copied().unwrap_or(section.len());
            let condition = &section[*place..until];
            let from = end.saturating_sub(condition[0].text.len());
            lines.extend(broken_lines(condition, from));
        }
    }
    lines
}

/// A condition from column `indent`: comments end lines; what is too long breaks inside its
/// outermost brackets, after a comma, or before an operator.
fn broken_lines(condition: &[Part], indent: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut current: Vec<Part> = Vec::new();
    let mut hang = indent;
    let flush = |current: &mut Vec<Part>, lines: &mut Vec<String>, at: usize| {
        if !current.is_empty() {
            lines.push(format!("{}{}", " ".repeat(at), join(current)));
            current.clear();
        }
    };
    let whole = indent + join(condition).len();
    for part in condition {
        let at = if lines.is_empty() { indent } else { hang };
        let breaks_here = whole > WIDTH
            && part.depth == 1
            && matches!(part.text.as_str(), "and" | "or" | "+" | "*" | "/" | "=" | "<" | ">" | "<=" | ">=")
            && at + join(&current).len() + 40 > WIDTH;
        if breaks_here && current.len() > 1 {
            if lines.is_empty() {
                let open = current.iter().position(|part| part.text == "(").unwrap_or(0);
                hang = indent + join(&current[..=open]).len();
            }
            flush(&mut current, &mut lines, at);
        }
        current.push(part.clone());
        if part.comment {
            let at = if lines.is_empty() { indent } else { hang };
            flush(&mut current, &mut lines, at);
            hang = indent + condition[0].text.len() + 1;
        }
    }
    let at = if lines.is_empty() { indent } else { hang };
    flush(&mut current, &mut lines, at);
    lines
}

/// A line without a body; breaks after `,`, `;` and `|` where it is too long, and after comments.
fn wrapped(all: &[Part]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut current: Vec<Part> = Vec::new();
    for (at, part) in all.iter().enumerate() {
        current.push(part.clone());
        let indent = if lines.is_empty() { 0 } else { 4 };
        let next: usize =
            all[at + 1..].iter().take_while(|next| !ends_part(next)).map(|next| next.text.len() + 1).sum();
        let full = ends_part(part) && indent + join(&current).len() + next > WIDTH - 3;
        if part.comment || full && at + 1 < all.len() {
            lines.push(format!("{}{}", " ".repeat(indent), join(&current)));
            current.clear();
        }
    }
    if !current.is_empty() {
        let indent = if lines.is_empty() { 0 } else { 4 };
        lines.push(format!("{}{}", " ".repeat(indent), join(&current)));
    }
    lines
}

fn ends_part(part: &Part) -> bool {
    matches!(part.text.as_str(), "," | ";" | "|")
}

fn lens_line(word: &str, all: &[Part]) -> Entry {
    let when = all.iter().position(|part| part.depth == 0 && part.text == "when");
    let Some(when) = when else {
        let sort = match word {
            "cites" => "cites",
            "first" => "policy",
            "otherwise" => "otherwise",
            _ if all.iter().any(|part| part.text == "overrides") => "policy",
            _ => "row",
        };
        return Entry::new(sort, wrapped(all));
    };
    let mut head = &all[..when];
    let mut label = String::new();
    if head.get(1).is_some_and(|part| part.text == ":") {
        label = format!("{}:", head[0].text);
        head = &head[2..];
    }
    let verdict = head.first().map(|part| part.text.clone()).unwrap_or_default();
    let reason = head.get(1..).map(join).unwrap_or_default();
    let mut entry = Entry::new("row", Vec::new());
    entry.row = Some(Row { label, verdict, reason, body: all[when..].to_vec() });
    entry
}

/// Sources, then the policy, then rows, then `otherwise`; comments stay with what they precede.
fn order(entries: &mut Vec<Entry>) {
    let rank = |sort: &str| match sort {
        "cites" => 0,
        "policy" => 1,
        "otherwise" => 3,
        _ => 2,
    };
    let mut groups: Vec<(u8, Vec<Entry>)> = Vec::new();
    let mut waiting: Vec<Entry> = Vec::new();
    for entry in entries.drain(..) {
        if entry.sort == "#" {
            waiting.push(entry);
            continue;
        }
        let place = rank(&entry.sort);
        let mut group = std::mem::take(&mut waiting);
        group.push(entry);
        groups.push((place, group));
    }
    groups.order_by_key(|(place, _)| *place);
    entries.extend(groups.into_iter().flat_map(|(_, group)| group));
    entries.extend(waiting);
}

/// Aligns labels, verdicts, reasons and `when` of all rows of a lens.
fn align_rows(entries: &mut [Entry]) {
    let widest = |width: &dyn Fn(&Row) -> usize| {
        entries.iter().filter_map(|entry| entry.row.as_ref()).map(width).max().unwrap_or(0)
    };
    let wide = |text: &str| text.chars().count();
    let (label, verdict) = (widest(&|row| wide(&row.label)), widest(&|row| wide(&row.verdict)));
    // A long reason breaks only its own row.
    let room = WIDTH / 2;
    let reason =
        widest(&|row| if label + verdict + wide(&row.reason) < room { wide(&row.reason) } else { 0 });
    for entry in entries.iter_mut() {
        let Some(row) = &entry.row else { continue };
        let pad =
            |text: &str, width: usize| format!("{text}{}", " ".repeat(width.saturating_sub(wide(text))));
        let mut head = String::new();
        if label > 0 {
            head.push_str(&pad(&row.label, label));
            head.push(' ');
        }
        head.push_str(&pad(&row.verdict, verdict));
        head.push(' ');
        if reason > 0 || !row.reason.is_empty() {
            head.push_str(&pad(&row.reason, reason));
            head.push(' ');
        }
        let column = wide(&head);
        let mut lines = body(&row.body, column);
        let too_wide =
            column > label + verdict + reason + 3 || lines.iter().any(|line| wide(line) > WIDTH - 2);
        if too_wide {
            lines = body(&row.body, 4);
            lines.insert(0, head.trim_end().to_owned());
        } else if let Some(first) = lines.first_mut() {
            *first = format!("{head}{}", first.trim_start());
        }
        entry.lines = lines;
    }
}

/// Puts descriptions and trailing comments of neighbouring lines under each other.
fn align_tails(entries: &mut [Entry], indent: usize) {
    align(entries, indent, |entry| entry.tail.take().map(|tail| (tail, 1)));
    align(entries, indent, |entry| entry.trailing.take().map(|trailing| (trailing, 2)));
}

fn align(entries: &mut [Entry], indent: usize, take: impl Fn(&mut Entry) -> Option<(String, usize)>) {
    let mut at = 0;
    while at < entries.len() {
        let mut until = at + 1;
        while until < entries.len() && !entries[until].blank_before && entries[until].sort == entries[at].sort
        {
            until += 1;
        }
        let tails: Vec<Option<(String, usize)>> = entries[at..until].iter_mut().map(&take).collect();
        let length = |entry: &Entry| entry.lines.last().map_or(0, |line| line.chars().count());
        let fits = |column: usize, tail: &str| indent + column + tail.chars().count() <= WIDTH + 20;
        let column = entries[at..until]
            .iter()
            .zip(&tails)
            .filter_map(|(entry, tail)| tail.as_ref().map(|(text, gap)| (length(entry) + gap, text)))
            .filter(|(column, text)| fits(*column, text))
            .map(|(column, _)| column)
            .max()
            .unwrap_or(0);
        for (entry, tail) in entries[at..until].iter_mut().zip(tails) {
            let Some((text, gap)) = tail else { continue };
            if let Some(line) = entry.lines.last_mut() {
                let own = line.chars().count() + gap;
                let column = if fits(column.max(own), &text) { column.max(own) } else { own };
                let pad = column - line.chars().count();
                line.push_str(&" ".repeat(pad));
                line.push_str(&text);
            }
        }
        at = until;
    }
}
