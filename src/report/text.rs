//! The report for people: plain text or Markdown.

use std::fmt::Write as _;

use super::tables::{Columns, escape};
use super::{FEW, LensText, ReasonText, Report, SMALL, Section, SubjectText, glyph};
use crate::agreement::{Figure, Relation, coefficients};
use crate::base::printable;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// For a terminal.
    Plain,
    /// Markdown.
    Markdown,
}

/// Slices of fewer subjects are not shown one by one.
const LEAST_CELL: u64 = 5;

fn show(figure: Figure) -> String {
    figure.map_or_else(|_| "–".to_owned(), |figure| format!("{figure:.3}"))
}

/// What marks a pair of which coefficients are far apart.
const PARADOX: &str = "†";

/// How many patterns are listed where nobody asks for more.
pub const PATTERNS: usize = 100;

/// How many patterns are shown with their two stories.
const STORIES: usize = 12;

/// Prints a report, which lists up to so many patterns.
pub fn text(report: &Report, look: Look, most: usize) -> String {
    let mut page = Page { look, most, out: String::new() };
    page.heading(1, if report.title.is_empty() { "Disagreement report" } else { &report.title });
    if report.from_scenarios {
        page.line("There are no facts, so the subjects of all scenarios are taken together.");
    }
    for section in &report.sections {
        page.section(section, report.from_scenarios);
    }
    page.violations(report);
    page.data(report);
    page.out
}

struct Page {
    look: Look,
    /// How many patterns are listed.
    most: usize,
    out: String,
}

impl Page {
    fn heading(&mut self, level: usize, text: &str) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
        let _ = match self.look {
            Look::Plain => writeln!(self.out, "{}", printable(text)),
            Look::Markdown => writeln!(self.out, "{} {}\n", "#".repeat(level), escape(&printable(text))),
        };
        if self.look == Look::Plain && level == 1 {
            let _ = writeln!(self.out, "{}", "═".repeat(textwrap::core::display_width(&printable(text))));
        }
    }

    fn line(&mut self, text: &str) {
        let text = printable(text);
        let _ = match self.look {
            Look::Plain => writeln!(self.out, "{}", textwrap::fill(&text, 98)),
            Look::Markdown => writeln!(self.out, "{}\n", escape(&text)),
        };
    }

    fn table(&mut self, columns: &Columns) {
        let text = match self.look {
            Look::Plain => columns.text(2),
            Look::Markdown => columns.markdown() + "\n",
        };
        self.out.push_str(&text);
    }

    fn section(&mut self, section: &Section, pooled: bool) {
        self.heading(2, &section.question);
        self.line(&headline(section));
        self.lenses(section);
        self.pairs(section);
        self.together(section);
        self.patterns(section);
        self.weighted(section);
        self.slices(section);
        self.splits(section);
        self.unknowns(section);
        self.stories(section, pooled);

        if let Some(grid) = &section.grid {
            self.heading(3, if pooled { "Everybody, scenario by scenario" } else { "Everybody" });
            let mut columns = Columns::new(&[]);
            columns.row(
                [section.slots.join(", ")]
                    .into_iter()
                    .chain(section.lenses.iter().map(|lens| lens.name.clone())),
            );
            for subject in grid {
                let mark = if subject.perhaps { " (perhaps)" } else { "" };
                let name = format!("{}{mark}", subject.names.join(", "));
                let says = subject
                    .says
                    .iter()
                    .map(|says| format!("{} {}", glyph(&says.outcome, &section.focus), says.outcome));
                columns.row(std::iter::once(name).chain(says));
            }
            self.table(&columns);
        }
    }

    fn lenses(&mut self, section: &Section) {
        self.heading(3, "Lenses");
        let mut right = vec![false];
        right.extend(vec![true; section.verdicts.len() + 5]);
        let mut columns = Columns::new(&right);
        let fixed = ["unknown", "conflict", "none", "alone for", "alone against"];
        columns.row(
            ["lens".to_owned()]
                .into_iter()
                .chain(section.verdicts.iter().cloned())
                .chain(fixed.map(str::to_owned)),
        );
        for (lens, figures) in section.lenses.iter().zip(&section.agreement.columns) {
            let last =
                [figures.unknown, figures.conflict, figures.none, figures.alone_for, figures.alone_against];
            let counts = figures.verdicts.iter().copied().chain(last).map(|count| count.to_string());
            columns.row(std::iter::once(lens.name.clone()).chain(counts));
        }
        self.table(&columns);
        if self.look == Look::Plain {
            self.out.push('\n');
        }
        for lens in &section.lenses {
            let title = lens.title.as_deref().map(|title| format!(" “{title}”")).unwrap_or_default();
            let cites = lens.cites.iter().map(|cite| format!("; {cite}")).collect::<String>();
            let text = format!("{}{title}: {}{cites}{}", lens.name, lens.policy, overruled(lens));
            match self.look {
                Look::Plain => {
                    let options = textwrap::Options::new(98).initial_indent("  ").subsequent_indent("      ");
                    let _ = writeln!(self.out, "{}", textwrap::fill(&printable(&text), options));
                }
                Look::Markdown => {
                    let _ = writeln!(self.out, "- {}", escape(&printable(&text)));
                }
            }
        }
    }

    fn pairs(&mut self, section: &Section) {
        if section.agreement.pairs.is_empty() {
            return;
        }
        self.heading(3, &format!("Pairs, by the verdict “{}” (A only / B only)", section.focus));
        let few = section.agreement.subjects < FEW;
        let mut notes = Vec::new();
        let mut columns =
            Columns::new(&[false, false, false, true, true, true, true, true, true, true, false]);
        let mut head = vec!["A", "", "B", "A only", "B only", "both", "differ", "undecided"];
        if !few {
            head.extend(["κ", "AC1"]);
            if section.agreement.pairs.iter().any(|pair| coefficients(pair).is_paradox()) {
                head.push("");
                notes.push(format!(
                    "{PARADOX} κ and AC1 are more than 0.2 apart: they take chance differently where a verdict is \
                     rare or frequent, so read the counts."
                ));
            }
        }
        let width = head.len();
        columns.row(head.into_iter().map(str::to_owned));
        for pair in &section.agreement.pairs {
            let relation = match pair.relation() {
                Relation::Equal => "= same",
                Relation::Inside => "⊂ inside",
                Relation::Contains => "⊃ contains",
                Relation::Disjoint => "∥ disjoint",
                Relation::Overlaps => "∩ overlaps",
            };
            let mut cells = vec![
                section.lenses[pair.left].name.clone(),
                relation.to_owned(),
                section.lenses[pair.right].name.clone(),
            ];
            cells.extend(
                [pair.left_only, pair.right_only, pair.both, pair.differing, pair.undecided]
                    .map(|count| count.to_string()),
            );
            if !few {
                let figures = coefficients(pair);
                let names = (&section.lenses[pair.left].name, &section.lenses[pair.right].name);
                for (what, figure) in [("κ", figures.kappa), ("AC1", figures.ac1)] {
                    if let Err(undefined) = figure {
                        notes.push(format!("{what} of {} and {}: {}.", names.0, names.1, undefined.why()));
                    }
                }
                let mark = if figures.is_paradox() { PARADOX } else { "" };
                cells.extend([show(figures.kappa), show(figures.ac1), mark.to_owned()]);
            }
            columns.row(cells.into_iter().take(width));
        }
        self.table(&columns);
        self.line("Relations hold on this data.");
        notes.iter().for_each(|note| self.line(note));
    }

    /// Agreement of all lenses at once, where there are enough subjects.
    fn together(&mut self, section: &Section) {
        let figures = &section.agreement;
        if figures.subjects < FEW || section.lenses.len() < 2 {
            return;
        }
        self.heading(3, "All lenses together");
        let mut columns = Columns::new(&[false, true, true, true]);
        columns.row(["", "Krippendorff's α", "Fleiss' κ", "Gwet's AC1"].map(str::to_owned));
        let mut notes: Vec<String> = Vec::new();
        let focus = format!("{} or not", section.focus);
        for (what, group) in [("all verdicts", &figures.group), (focus.as_str(), &figures.group_focus)] {
            let all = [("α", group.alpha), ("Fleiss' κ", group.fleiss), ("AC1", group.ac1)];
            for (name, figure) in all {
                if let Err(undefined) = figure {
                    notes.push(format!("{name} of {what}: {}.", undefined.why()));
                }
            }
            columns.row([what.to_owned()].into_iter().chain(all.map(|(_, figure)| show(figure))));
        }
        self.table(&columns);
        self.line(&format!("{} subjects are undecided by some lens.", figures.undecided));
        notes.iter().for_each(|note| self.line(note));
    }

    fn weighted(&mut self, section: &Section) {
        let (Some(by), Some(weighted)) = (&section.weight, &section.agreement.weighted) else { return };
        self.heading(3, &format!("Weighted by “{by}”"));
        let names = section.verdicts.iter().map(String::as_str).chain(["unknown", "conflict", "none"]);
        let mut right = vec![false];
        right.extend(vec![true; section.verdicts.len() + 3]);
        let mut columns = Columns::new(&right);
        columns.row(["lens"].into_iter().chain(names).map(str::to_owned));
        for (lens, counts) in section.lenses.iter().zip(&weighted.lenses) {
            columns.row([lens.name.clone()].into_iter().chain(counts.iter().map(ToString::to_string)));
        }
        self.table(&columns);
        self.line(&format!(
            "The subjects weigh {}; lenses part on {}; {} are undecided.",
            weighted.subjects, weighted.differing, weighted.undecided
        ));
    }

    fn slices(&mut self, section: &Section) {
        let Some(by) = &section.slice else { return };
        self.heading(3, &format!("By {by}"));
        let mut columns = Columns::new(&[false, true, true, true, true]);
        columns.row([by, "subjects", "part on", "share", "lift"].map(str::to_owned));
        let (shown, rest): (Vec<_>, Vec<_>) =
            section.agreement.slices.iter().partition(|slice| slice.subjects >= LEAST_CELL);
        for slice in shown {
            let value = slice.value.clone().unwrap_or_else(|| "(not stated)".to_owned());
            let share = slice.differing as f64 * 100.0 / slice.subjects as f64;
            columns.row([
                value,
                slice.subjects.to_string(),
                slice.differing.to_string(),
                format!("{share:.1} %"),
                slice.lift.map_or_else(|| "–".to_owned(), |lift| format!("{lift:.2}")),
            ]);
        }
        self.table(&columns);
        if !rest.is_empty() {
            let subjects: u64 = rest.iter().map(|slice| slice.subjects).sum();
            self.line(&format!(
                "{} values with fewer than {LEAST_CELL} subjects each, {subjects} in all, are not shown; \
                 `--format json` has them.",
                rest.len()
            ));
        }
    }

    /// Where lenses part, what kept the other one from the focus verdict.
    fn splits(&mut self, section: &Section) {
        if section.splits.is_empty() {
            return;
        }
        self.heading(3, &format!("What splits them, by the verdict “{}”", section.focus));
        let mut columns = Columns::new(&[false, false, true, false]);
        columns.row(["given by", "not by", "subjects", "because"].map(str::to_owned));
        for split in &section.splits {
            for (at, reason) in split.reasons.iter().enumerate() {
                let names = if at == 0 { [split.yes.clone(), split.no.clone()] } else { Default::default() };
                columns.row(names.into_iter().chain([reason.count.to_string(), because(reason)]));
            }
        }
        self.table(&columns);
    }

    /// What holds up verdicts.
    fn unknowns(&mut self, section: &Section) {
        if section.causes.is_empty() {
            return;
        }
        self.heading(3, "What is not known, and how many verdicts it holds up");
        let mut columns = Columns::new(&[false, false, true]);
        columns.row(["lens", "not known", "subjects"].map(str::to_owned));
        for (lens, sentence, subjects) in &section.causes {
            columns.row([lens.clone(), sentence.clone(), subjects.to_string()]);
        }
        self.table(&columns);
        self.line("A verdict may be held up by several sentences at once.");
    }

    fn patterns(&mut self, section: &Section) {
        self.heading(3, "Patterns");
        let mut right = vec![true];
        right.extend(vec![false; section.lenses.len() + 1]);
        let mut columns = Columns::new(&right);
        let names = section.lenses.iter().map(|lens| lens.name.clone());
        columns.row(std::iter::once("count".to_owned()).chain(names).chain(["for example".to_owned()]));
        let patterns = &section.agreement.patterns;
        for (pattern, exemplar) in patterns.iter().zip(&section.exemplars).take(self.most) {
            let outcomes = pattern.outcomes.iter().map(|set| section.outcome(*set));
            let outcomes = outcomes.map(|outcome| format!("{} {outcome}", glyph(outcome, &section.focus)));
            let example = exemplar.names.join(", ");
            columns.row(std::iter::once(pattern.count.to_string()).chain(outcomes).chain([example]));
        }
        self.table(&columns);
        let rest = patterns.get(self.most..).unwrap_or_default();
        if !rest.is_empty() {
            let subjects: u64 = rest.iter().map(|pattern| pattern.count).sum();
            let (patterns, plural) = (rest.len(), if rest.len() == 1 { "" } else { "s" });
            self.line(&format!(
                "… and {patterns} more pattern{plural}, with {subjects} of the subjects; `--patterns` lists more, \
                 `--format csv` all."
            ));
        }
    }

    /// What each lens says and why: of everybody where they are few, else of one subject for each
    /// pattern in which lenses part.
    fn stories(&mut self, section: &Section, pooled: bool) {
        let everybody = section.grid.as_ref().filter(|grid| !pooled || grid.len() as u64 <= SMALL);
        let told: Vec<&SubjectText> = match everybody {
            Some(grid) => grid.iter().collect(),
            None => section
                .agreement
                .patterns
                .iter()
                .zip(&section.exemplars)
                .filter(|(pattern, _)| pattern.outcomes.iter().any(|set| *set != pattern.outcomes[0]))
                .map(|(_, exemplar)| exemplar)
                .collect(),
        };
        if told.is_empty() {
            return;
        }
        let most = if everybody.is_some() { told.len() } else { STORIES };
        self.heading(3, if everybody.is_some() { "Everybody, and why" } else { "Why they part, by example" });
        for subject in told.iter().take(most) {
            self.line(&format!(
                "{}{}:",
                subject.names.join(", "),
                if subject.perhaps { " (perhaps)" } else { "" }
            ));
            let mut columns = Columns::new(&[]);
            if self.look == Look::Markdown {
                columns.row(["lens", "says", "by", "because"].map(str::to_owned));
            }
            for (lens, says) in section.lenses.iter().zip(&subject.says) {
                let verdict = format!("{} {}", glyph(&says.outcome, &section.focus), says.outcome);
                let reason = says.reason.clone().unwrap_or_default();
                columns.row([lens.name.clone(), verdict, says.by.clone(), reason]);
            }
            self.table(&columns);
        }
        if told.len() > most {
            let rest = told.len() - most;
            let silent =
                everybody.is_none() && section.exemplars.last().is_some_and(|last| last.says.is_empty());
            let which = if silent { "those of the most frequent" } else { "them all" };
            self.line(&format!("… and {rest} more patterns; `--format json` has {which}."));
        }
    }

    fn data(&mut self, report: &Report) {
        if !report.left_out.is_empty() {
            self.heading(2, "Left out of counts and sums, as not known");
            let mut columns = Columns::new(&[false, true]);
            columns.row(["sentence", "values"].map(str::to_owned));
            for (sentence, count) in &report.left_out {
                columns.row([sentence.clone(), count.to_string()]);
            }
            self.table(&columns);
        }
        if report.data.is_empty() {
            return;
        }
        self.heading(2, "Tables");
        let mut columns = Columns::new(&[false, true, true, true]);
        columns.row(["table", "rows", "left out", "facts stated before"].map(str::to_owned));
        for read in &report.data {
            let counts = [read.rows, read.skipped, read.repeated].map(|count| count.to_string());
            columns.row([read.path.clone()].into_iter().chain(counts));
        }
        self.table(&columns);
    }

    fn violations(&mut self, report: &Report) {
        if report.violations.is_empty() {
            return;
        }
        self.heading(2, "Broken constraints");
        for broken in &report.violations {
            let title = broken.title.as_deref().map(|title| format!(" “{title}”")).unwrap_or_default();
            let possible = if broken.possible > 0 {
                format!(", and perhaps {} times more", broken.possible)
            } else {
                String::new()
            };
            self.line(&format!("{}{title}: broken {} times{possible}", broken.name, broken.certain));
            for example in &broken.examples {
                self.line(&format!("  {example}"));
            }
        }
    }
}

/// Why a row did not give the verdict.
fn because(reason: &ReasonText) -> String {
    let row = reason.row.as_deref().unwrap_or_default();
    match reason.kind {
        "alone" if reason.conditions.len() > 1 => {
            format!("`{row}` lacks only one of: {}", reason.conditions.join("; "))
        }
        "alone" => format!("`{row}` lacks only: {}", reason.conditions.join("")),
        "jointly" => "each row lacks several conditions at once".to_owned(),
        "overruled" => format!("`{row}` matches, and another row decides"),
        "not known" => format!("`{row}` may match, and another row decides"),
        _ => "no row gives it".to_owned(),
    }
}

/// The rows that also matched and were overruled, with how often.
fn overruled(lens: &LensText) -> String {
    let rows = lens.rows.iter().filter(|row| row.figures.overruled > 0);
    let rows: Vec<String> = rows.map(|row| format!("{} {}×", row.label, row.figures.overruled)).collect();
    if rows.is_empty() { String::new() } else { format!("; also matched, overruled: {}", rows.join(", ")) }
}

fn headline(section: &Section) -> String {
    let figures = &section.agreement;
    let lenses = section.lenses.len();
    if figures.subjects == 0 {
        return "Nobody is in the population, so there is nothing to disagree about.".to_owned();
    }
    let share = if figures.subjects >= FEW {
        format!(" ({:.1} %)", figures.differing as f64 * 100.0 / figures.subjects as f64)
    } else {
        String::new()
    };
    let perhaps = if figures.perhaps > 0 {
        format!(" {} more are only perhaps in the population and counted nowhere.", figures.perhaps)
    } else {
        String::new()
    };
    let undecided = if figures.undecided > 0 {
        format!(" For {} some lens is undecided.", figures.undecided)
    } else {
        String::new()
    };
    if lenses == 1 {
        return format!(
            "1 lens looks at {} subjects, in {} patterns.{undecided}{perhaps}",
            figures.subjects,
            figures.patterns.len()
        );
    }
    format!(
        "{lenses} lenses look at {} subjects and part on {}{share}, in {} patterns.{undecided}{perhaps}",
        figures.subjects,
        figures.differing,
        figures.patterns.len()
    )
}
