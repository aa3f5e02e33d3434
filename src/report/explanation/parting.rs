//! Where two lenses part, in words.

use super::changes::untried;
use super::tell::{Line, ToldNote, capital};
use super::words::{Words, list};
use crate::checker::{Claim, Derivation, Says};
use crate::explain::{Explanation, LensStory, Parting, WhyNot};
use crate::model::{LensId, Otherwise, RowId};

impl Words<'_> {
    /// Notes on where two lenses part.
    pub fn parting(&self, explanation: &Explanation, parting: &Parting) -> Vec<ToldNote> {
        let name = |lens: LensId| self.ruleset.lenses[lens].name.clone();
        let (left, right) = (name(parting.left), name(parting.right));
        let says = |lens: LensId| {
            let story = explanation.lenses.iter().find(|story| story.lens == lens);
            story.map_or_else(String::new, |story| self.says(explanation.question, &story.says))
        };
        let (one, other) = (says(parting.left), says(parting.right));
        let plain = |kind: &'static str, text: String| ToldNote { kind, text, lines: Vec::new() };
        if parting.agree {
            let story = explanation.lenses.iter().find(|story| story.lens == parting.left);
            let is_open = story.is_some_and(|story| story.says.len() > 1);
            let agree = if is_open { "need not agree" } else { "agree" };
            return vec![plain("agree", format!("{left} and {right} {agree}: both say {one}."))];
        }
        let mut notes = vec![plain("part", format!("{left} says {one}, {right} says {other}."))];
        let lines: Vec<Line> = parting
            .shared
            .iter()
            .map(|fact| {
                let place = fact.origin.and_then(|origin| self.place(origin));
                let perhaps = if fact.maybe { "perhaps " } else { "" };
                Line::new("fact", format!("{perhaps}{}", self.fact(fact.relation, &fact.args)), place)
            })
            .collect();
        if !lines.is_empty() {
            notes.push(ToldNote { kind: "shared", text: "Both rest on this".to_owned(), lines });
        }
        let sides = [
            (parting.right, parting.left, &parting.right_lacks),
            (parting.left, parting.right, &parting.left_lacks),
        ];
        for (lens, other, lacks) in sides {
            notes.extend(self.parts(explanation, (lens, other), lacks));
        }
        let agreeing = &parting.agreeing;
        let stopped = untried(agreeing).map_or_else(String::new, |untried| format!(" ({untried})"));
        if agreeing.found.is_empty() {
            let text = self.no_change(agreeing, "make them agree");
            notes.push(plain("change", text));
        } else {
            let mut note = self.flips(explanation, agreeing);
            note.text = format!("They would agree{stopped}");
            notes.push(note);
        }
        notes.push(plain(
            "others",
            match parting.others {
                0 => "They part on nobody else by the same rows.".to_owned(),
                1 => "They part on one other subject by the same rows.".to_owned(),
                more => format!("They part on {more} other subjects by the same rows."),
            },
        ));
        notes
    }

    /// What row leaves open what a lens says, one that says what the other lens does before others; or which rows it is that
    /// contradict each other. Nothing where neither is so.
    fn left_open(&self, explanation: &Explanation, own: &LensStory, other: &Says) -> Option<ToldNote> {
        let entry = &self.ruleset.lenses[own.lens];
        let verdicts = &self.ruleset.questions[explanation.question].verdicts;
        let row_of = |proof: &Derivation| match proof.claim {
            Claim::Row(lens, row) if lens == own.lens => Some(row),
            _ => None,
        };
        let name = |row: RowId| verdicts[entry.rows[row].verdict].name.as_str();
        if own.says.conflict && own.says.len() == 1 {
            let rows = own.rows.iter().filter_map(row_of);
            let rows: Vec<String> =
                rows.map(|row| format!("{} (`{}`)", self.row_named(own.lens, row), name(row))).collect();
            let text = format!("{}: {} contradict each other.", entry.name, capital(&list(&rows, "and")));
            return (rows.len() > 1).then(|| ToldNote { kind: "why not", text, lines: Vec::new() });
        }
        if own.says.len() < 2 {
            return None;
        }
        let open = || own.rows.iter().filter(|proof| !proof.certain && row_of(proof).is_some());
        let gives = |proof: &&Derivation| {
            row_of(proof).is_some_and(|row| other.settled() == Some(entry.rows[row].verdict))
        };
        let proof = open().find(gives).or_else(|| open().next())?;
        let row = row_of(proof)?;
        let text = format!(
            "{}: It is open whether {} (`{}`) matches",
            entry.name,
            self.row_named(own.lens, row),
            name(row)
        );
        Some(ToldNote { kind: "why not", text, lines: self.lines(proof) })
    }

    /// Why a lens does not say what the other says: a row that would is overruled or barred, or lacks something, or
    /// there is none.
    fn parts(
        &self,
        explanation: &Explanation,
        (lens, other): (LensId, LensId),
        lacks: &[WhyNot],
    ) -> Option<ToldNote> {
        let story = |id: LensId| explanation.lenses.iter().find(|story| story.lens == id);
        let own = story(lens)?;
        let other = &story(other)?.says;
        if let Some(note) = self.left_open(explanation, own, other) {
            return Some(note);
        }
        let wanted = other.settled()?;
        let entry = &self.ruleset.lenses[lens];
        let verdict = &self.ruleset.questions[explanation.question].verdicts[wanted].name;
        let gives = |row: RowId| entry.rows[row].verdict == wanted;
        let named = |note: ToldNote| {
            let text = format!("{}: {}", entry.name, note.text);
            Some(ToldNote { text, ..note })
        };
        if let Some((row, by, proof)) = own.overruled.iter().find(|(row, _, _)| gives(*row)) {
            let decides = own.rows.iter().find(|proof| proof.claim == Claim::Row(lens, *by));
            return named(ToldNote {
                kind: "why not",
                text: format!(
                    "{} (`{verdict}`) {} too, but {} goes before it{}.",
                    capital(&self.row_named(lens, *row)),
                    if proof.certain { "matches" } else { "perhaps matches" },
                    self.label(lens, *by),
                    decides.map_or_else(String::new, |proof| format!(", because {}", self.because(proof))),
                ),
                lines: decides.map_or_else(Vec::new, |proof| self.lines(proof)),
            });
        }
        if let Some((row, _, bars)) = own.barred.iter().find(|(row, _, _)| gives(*row)) {
            return named(self.barred(explanation, lens, *row, bars));
        }
        let free = lacks.iter().find(|why| self.before(own, why).is_none());
        if let Some(why) = free.or_else(|| lacks.first()) {
            let (lacks, lines) = self.lacks(lens, why);
            let row = self.label(lens, why.row);
            let text = match self.before(own, why) {
                Some(by) => {
                    let proof = own.rows.iter().find(|proof| proof.claim == Claim::Row(lens, by));
                    let because =
                        proof.map_or_else(String::new, |proof| format!(", because {}", self.because(proof)));
                    format!(
                        "{} goes before {row} (`{verdict}`){because}; besides, {lacks}.",
                        capital(&self.row_named(lens, by))
                    )
                }
                None => format!("Not `{verdict}` by {}: {lacks}.", self.row_named(lens, why.row)),
            };
            let note = ToldNote { kind: "why not", text, lines };
            return named(note);
        }
        let otherwise = match entry.otherwise {
            Otherwise::Verdict(id, _) => id == wanted,
            Otherwise::As(..) => true,
            Otherwise::Nothing => false,
        };
        if otherwise || entry.rows.iter().any(|row| row.verdict == wanted) {
            return None;
        }
        let text = format!("No row of it says `{verdict}`.");
        named(ToldNote { kind: "why not", text, lines: Vec::new() })
    }
}
