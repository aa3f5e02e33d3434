//! What moves, for people: plain text and Markdown.

use std::fmt::Write as _;

use super::tell::{ToldFact, ToldGroup, ToldLens, ToldMove, ToldMoves, ToldNever, ToldQuestion, ToldSide};
use crate::report::Look;
use crate::report::explanation::escape;

/// Prints what moves, naming so many subjects of each sort.
pub fn text(told: &ToldMoves, look: Look, most: usize) -> String {
    let mut page = Page { look, most, out: String::new() };
    page.changes(told);
    for question in &told.questions {
        page.question(question, told.questions.len() > 1);
    }
    page.nevers(&told.nevers);
    page.out
}

struct Page {
    look: Look,
    most: usize,
    out: String,
}

impl Page {
    fn shown(&self, text: &str) -> String {
        match self.look {
            Look::Plain => text.to_owned(),
            Look::Markdown => escape(text),
        }
    }

    /// A blank line, unless there is one.
    fn gap(&mut self) {
        if !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn head(&mut self, level: usize, text: &str) {
        let text = self.shown(text);
        let _ = match self.look {
            Look::Plain => writeln!(self.out, "{text}"),
            Look::Markdown => writeln!(self.out, "{} {text}\n", "#".repeat(level)),
        };
    }

    fn item(&mut self, depth: usize, text: &str) {
        let text = self.shown(text);
        let _ = match self.look {
            Look::Plain => writeln!(self.out, "{}{text}", "  ".repeat(depth)),
            Look::Markdown => writeln!(self.out, "{}- {text}", "  ".repeat(depth - 1)),
        };
    }

    fn changes(&mut self, told: &ToldMoves) {
        let place =
            told.scenario.as_ref().map(|name| format!(" (in the scenario {name})")).unwrap_or_default();
        self.head(1, &format!("What if{place}"));
        let (plus, minus) = match self.look {
            Look::Plain => ("+ ", "- "),
            Look::Markdown => ("added: ", "taken away: "),
        };
        for (sign, facts, places) in [(plus, &told.added, false), (minus, &told.removed, true)] {
            for ToldFact { sentence, place, maybe } in facts {
                let maybe = if *maybe { "maybe " } else { "" };
                let place = place.as_ref().filter(|_| places);
                let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
                self.item(1, &format!("{sign}{maybe}{sentence}{place}"));
            }
        }
        if !told.new_names.is_empty() {
            self.item(1, &format!("new: {}", told.new_names.join(", ")));
        }
        if told.added.is_empty() && told.removed.is_empty() {
            self.item(1, "no fact changes");
        }
    }

    fn question(&mut self, question: &ToldQuestion, several: bool) {
        self.gap();
        let name = if several { format!("{}: ", question.name) } else { String::new() };
        let (before, after) = question.subjects;
        let moving = match question.moving {
            0 => "nobody moves".to_owned(),
            1 => "1 moves".to_owned(),
            count => format!("{count} move"),
        };
        let asked = if before == after {
            format!("of {before} asked about")
        } else {
            format!("{before} asked about before, {after} after")
        };
        self.head(2, &format!("{name}{moving}, {asked}"));
        for (before, after, subjects) in &question.standings {
            let what = match (*before, *after) {
                ("outside", "inside") => "asked about then",
                ("outside", _) => "perhaps asked about then",
                (_, "outside") => "asked about no longer",
                (_, "inside") => "certainly asked about then, perhaps before",
                _ => "only perhaps asked about then",
            };
            let names: Vec<String> = subjects.iter().take(self.most).map(|names| names.join(", ")).collect();
            let more = self.more(subjects.len());
            self.item(1, &format!("{what}, {}: {}{more}", subjects.len(), names.join("; ")));
        }
        for lens in &question.lenses {
            self.lens(lens);
        }
    }

    /// The constraints that are broken otherwise, with the first ways.
    fn nevers(&mut self, nevers: &[ToldNever]) {
        if nevers.is_empty() {
            return;
        }
        self.gap();
        self.head(2, "Constraints broken otherwise");
        for never in nevers {
            let title = never.title.as_ref().map(|title| format!(", \"{title}\"")).unwrap_or_default();
            let count = |(certain, perhaps): (usize, usize)| match perhaps {
                0 => certain.to_string(),
                perhaps => format!("{certain} and perhaps {perhaps} more"),
            };
            let (before, after) = (count(never.before), count(never.after));
            self.gap();
            self.head(3, &format!("{}{title}: broken {before} times before, {after} after", never.name));
            for (before, after, ways) in &never.ways {
                let what = match (*before, *after) {
                    ("no", "certain") => "newly broken",
                    ("no", _) => "perhaps newly broken",
                    (_, "certain") => "certainly broken then, perhaps before",
                    ("certain", "no") => "mended",
                    (_, "no") => "mended, perhaps broken before",
                    _ => "only perhaps broken then",
                };
                let named: Vec<&str> = ways.iter().take(self.most).map(String::as_str).collect();
                let named = match named.join("; ") {
                    none if none.is_empty() => none,
                    named => format!(": {named}"),
                };
                let more = self.more(ways.len());
                self.item(1, &format!("{what}, {}{named}{more}", ways.len()));
            }
        }
    }

    fn more(&self, count: usize) -> String {
        let more = count.saturating_sub(self.most);
        if more == 0 { String::new() } else { format!(" … {more} more, with --max-examples {count}") }
    }

    fn lens(&mut self, lens: &ToldLens) {
        self.gap();
        let title = lens.title.as_ref().map(|title| format!(", \"{title}\"")).unwrap_or_default();
        let count: usize = lens.groups.iter().map(|group| group.moves.len()).sum();
        let moving = if count == 0 { "nobody moves".to_owned() } else { count.to_string() };
        self.head(3, &format!("{}{title}: {moving}", lens.name));
        for group in &lens.groups {
            self.group(group);
        }
    }

    fn group(&mut self, group: &ToldGroup) {
        self.item(1, &format!("{} → {}: {}", group.before, group.after, group.moves.len()));
        for one in group.moves.iter().take(self.most) {
            self.moved(one);
        }
        let more = self.more(group.moves.len());
        if !more.is_empty() {
            self.item(2, more.trim_start());
        }
    }

    fn moved(&mut self, one: &ToldMove) {
        self.item(2, &one.subject.join(", "));
        for (word, side) in [("before", &one.before), ("after", &one.after)] {
            self.side(word, side);
        }
    }

    fn side(&mut self, word: &str, side: &ToldSide) {
        let sentence = match (&side.sentence, side.standing) {
            (Some(sentence), _) => sentence.clone(),
            (None, "outside") => "not asked about".to_owned(),
            (None, _) if side.rows.is_empty() => format!("{}, no row matches", side.outcome),
            (None, _) => side.outcome.clone(),
        };
        self.item(3, &format!("{word}: {sentence}"));
        for row in &side.rows {
            let reason = row.reason.as_ref().map(|reason| format!(", \"{reason}\"")).unwrap_or_default();
            let may = if row.certain { "row" } else { "perhaps row" };
            self.item(4, &format!("{may} {}{reason}: {} ({})", row.label, row.verdict, row.place));
        }
    }
}
