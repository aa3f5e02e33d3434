//! Where two lenses part, in words.

use super::tell::{Line, ToldNote};
use super::words::Words;
use crate::explain::{Explanation, Parting, WhyNot};
use crate::model::LensId;

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
            return vec![plain("agree", format!("{left} and {right} agree: both say {one}."))];
        }
        let mut notes = vec![plain("part", format!("{left} says {one}, {right} says {other}."))];
        let lines: Vec<Line> = parting
            .shared
            .iter()
            .map(|fact| {
                let place = fact.origin.and_then(|origin| self.place(origin));
                Line::new("fact", self.fact(fact.relation, &fact.args), place)
            })
            .collect();
        if !lines.is_empty() {
            notes.push(ToldNote { kind: "shared", text: "Both rest on this".to_owned(), lines });
        }
        for (lens, lacks) in [(parting.right, &parting.right_lacks), (parting.left, &parting.left_lacks)] {
            notes.extend(lacks.first().map(|why| self.parted(explanation, lens, why)));
        }
        let agreeing = &parting.agreeing;
        let stopped = if agreeing.complete { "" } else { " (not everything was tried)" };
        if agreeing.found.is_empty() {
            let text = format!(
                "No {} would make them agree{stopped}.",
                match agreeing.size {
                    0 | 1 => "single change of a fact",
                    2 => "one or two changes of facts",
                    _ => "set of three changes of facts, and no smaller one,",
                }
            );
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

    fn parted(&self, explanation: &Explanation, lens: LensId, why: &WhyNot) -> ToldNote {
        let mut note = self.lack(explanation, lens, why);
        note.text = format!("{}: {}", self.ruleset.lenses[lens].name, note.text);
        note
    }
}
