//! What an open answer hangs on, in words.

use super::tell::{Line, ToldNote};
use super::words::{Words, list};
use crate::explain::{Answered, Explanation, Fact, Open};

impl Words<'_> {
    /// Notes on an answer that is open.
    pub fn open(&self, explanation: &Explanation, open: &Open) -> Vec<ToldNote> {
        let note = |text: String, lines: Vec<Line>| ToldNote { kind: "unknown", text, lines };
        if !open.complete {
            let lines = open.doubts.iter().map(|fact| self.doubt(fact, None)).collect();
            let text = format!("More hangs on it than can be decided, {} things or more", open.doubts.len());
            return vec![note(text, lines)];
        }
        let tried = if open.by_values { ", for the values tried" } else { "" };
        if let Some(says) = &open.agreed {
            let says = self.says(explanation.question, says);
            let text = format!("Every way to fill the gaps comes to `{says}` all the same{tried}.");
            return vec![note(text, Vec::new())];
        }
        let mut notes = Vec::new();
        if !open.pivotal.is_empty() {
            let lines = open.pivotal.iter().map(|one| self.doubt(&one.fact, Some(one.share)));
            notes.push(note(format!("It hangs on this{tried}"), lines.collect()));
        }
        if !open.settling.is_empty() {
            let line = |(answers, says): &(Vec<Answered>, crate::checker::Says)| {
                let answers: Vec<String> = answers.iter().map(|one| self.answered(one)).collect();
                let then = self.says(explanation.question, says);
                Line::new("change", format!("if {}: {then}", list(&answers, "and")), None)
            };
            notes.push(note("It is settled".to_owned(), open.settling.iter().map(line).collect()));
        }
        notes
    }

    fn doubt(&self, fact: &Fact, share: Option<u64>) -> Line {
        let sentence = self.fact(fact.relation, &fact.args);
        let place = fact.origin.and_then(|origin| self.place(origin));
        let question = if fact.maybe { "whether" } else { "the value nobody stated in:" };
        let share = match share {
            Some(share) if share < 1_000_000 => {
                format!(", in {}.{} % of the ways to fill the other gaps", share / 10_000, share / 1000 % 10)
            }
            _ => String::new(),
        };
        Line::new("doubtful", format!("{question} {sentence}{share}"), place)
    }

    fn answered(&self, answered: &Answered) -> String {
        let sentence = self.fact(answered.fact.relation, &answered.fact.args);
        if answered.holds { sentence } else { format!("it is not so that {sentence}") }
    }
}
