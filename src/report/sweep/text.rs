//! A sweep for people: plain text and Markdown.

use std::fmt::Write as _;

use super::{Shown, names};
use crate::agreement::{QuestionSweep, Sweep, SweepFlip};
use crate::base::{Idx, printable};
use crate::model::Ruleset;
use crate::report::Look;
use crate::report::tables::{Columns, escape};

/// Prints a sweep.
pub fn text(ruleset: &Ruleset, sweep: &Sweep, look: Look) -> String {
    let mut page = Page { shown: Shown { ruleset, sweep }, look, out: String::new() };
    page.head();
    for entry in &sweep.questions {
        page.question(entry, sweep.questions.len() > 1);
    }
    page.out
}

struct Page<'s> {
    shown: Shown<'s>,
    look: Look,
    out: String,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        let text = printable(text);
        let _ = match self.look {
            Look::Plain => writeln!(self.out, "{text}"),
            Look::Markdown => writeln!(self.out, "{}", escape(&text)),
        };
    }

    fn heading(&mut self, level: usize, text: &str) {
        if self.look == Look::Markdown {
            let _ = write!(self.out, "{} ", "#".repeat(level));
        }
        self.line(text);
        self.out.push('\n');
    }

    fn head(&mut self) {
        let (ruleset, sweep) = (self.shown.ruleset, self.shown.sweep);
        let parameter = &ruleset.parameters[sweep.parameter];
        let unit = parameter.text.as_ref().map(|unit| format!(" ({unit})")).unwrap_or_default();
        let own = parameter.value.as_ref().map(|own| format!("; the ruleset says {own}")).unwrap_or_default();
        let ends = match (sweep.values.first(), sweep.values.last()) {
            (Some(first), Some(last)) => format!("{first} to {last}"),
            _ => "nothing".to_owned(),
        };
        let count = sweep.values.len();
        let values = if count == 1 { "value" } else { "values" };
        self.heading(1, &format!("{}{unit} from {ends}, {count} {values}{own}", parameter.name));
    }

    fn question(&mut self, entry: &QuestionSweep, several: bool) {
        if several {
            let name = self.shown.ruleset.questions[entry.compared.question].name.clone();
            self.heading(2, &name);
        }
        let focus = entry.compared.focus;
        let lenses: Vec<String> =
            entry.compared.lenses.iter().map(|lens| self.shown.ruleset.lenses[*lens].name.clone()).collect();
        let verdict = self.shown.focus(entry).to_owned();
        let heading = format!("How many are `{verdict}` by each lens, on how many some two disagree:");
        self.line(&heading.replace('`', ""));
        if self.look == Look::Markdown {
            self.out.push('\n');
        }
        let width = lenses.len() + 4;
        let mut table = Columns::new(&vec![true; width]);
        let head = [self.shown.parameter().to_owned(), "of".to_owned()];
        let last = ["differ".to_owned(), "undecided".to_owned()];
        table.row(head.into_iter().chain(lenses).chain(last));
        for (at, point) in entry.points.iter().enumerate() {
            let counts = point.columns.iter().map(|column| column.verdicts[focus.index()].to_string());
            let head = [self.shown.value(at), point.subjects.to_string()];
            table.row(
                head.into_iter()
                    .chain(counts)
                    .chain([point.differing.to_string(), point.undecided.to_string()]),
            );
        }
        let table = match self.look {
            Look::Plain => table.text(2),
            Look::Markdown => table.markdown(),
        };
        self.out.push_str(&table);
        self.out.push('\n');
        self.flips(entry);
    }

    fn flips(&mut self, entry: &QuestionSweep) {
        if entry.flips.is_empty() {
            self.line("Nobody flips.");
            return;
        }
        self.line("Who flips, and at which value:");
        if self.look == Look::Markdown {
            self.out.push('\n');
        }
        for flip in &entry.flips {
            let text = self.flip(entry, flip);
            self.out.push_str(if self.look == Look::Markdown { "- " } else { "  " });
            self.line(&text);
        }
    }

    fn flip(&self, entry: &QuestionSweep, flip: &SweepFlip) -> String {
        let question = entry.compared.question;
        let who: Vec<String> = flip.examples.iter().map(|subject| names(subject).join(", ")).collect();
        let more = flip.count - flip.examples.len() as u64;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!(
            "at {}, {}: {} → {}, {}: {}{more}",
            self.shown.value(flip.at),
            self.shown.lens(flip),
            self.shown.outcome(question, flip.before),
            self.shown.outcome(question, flip.after),
            flip.count,
            who.join("; "),
        )
    }
}
