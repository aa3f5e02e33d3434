//! What an open answer hangs on, in words.

use super::tell::{Line, ToldNote};
use super::words::{Words, list};
use crate::checker::Says;
use crate::explain::{Answered, Explanation, Fact, Open};
use crate::model::Constant;
use crate::value::Value;

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
            let runs = open.settling.chunk_by(|left, right| ordered(left, right).is_some());
            let line = |(at, run): (usize, &[Settling])| {
                // Of values one after the other that come to the same, the one next to what comes to something else.
                let is_first = match (value_of(&run[0]), value_of(&run[run.len() - 1])) {
                    (Some(Value::Number(first)), Some(Value::Number(last))) => first.abs() > last.abs(),
                    _ => at == 0,
                };
                let (near, far) = if is_first { (run.len() - 1, 0) } else { (0, run.len() - 1) };
                let (answers, says) = &run[near];
                let answers: Vec<String> = answers.iter().map(|one| self.answered(one)).collect();
                let then = self.says(explanation.question, says);
                let others = ordered(&run[near], &run[far]).map_or_else(String::new, |value| {
                    let way = if is_first { "down" } else { "up" };
                    format!(" (or any other value tried, {way} to {value})")
                });
                Line::new("change", format!("if {}{others}: {then}", list(&answers, "and")), None)
            };
            notes.push(note("It is settled".to_owned(), runs.enumerate().map(line).collect()));
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

/// Answers that settle it, and what it comes to then.
type Settling = (Vec<Answered>, Says);

/// The value of the second where both state one number or day of the same, and come to the same.
fn ordered<'s>((left, says): &Settling, (right, then): &'s Settling) -> Option<&'s Value> {
    let ([left], [right]) = (left.as_slice(), right.as_slice()) else { return None };
    if says != then || !left.holds || !right.holds || left.fact.relation != right.fact.relation {
        return None;
    }
    let mut differing = left.fact.args.iter().zip(&right.fact.args).filter(|(left, right)| left != right);
    match (differing.next(), differing.next()) {
        (Some((Some(Constant::Value(_)), Some(Constant::Value(value)))), None) => {
            matches!(value, Value::Number(_) | Value::Date(_)).then_some(value)
        }
        _ => None,
    }
}

/// The last value that the one answer of a settling states.
fn value_of((answers, _): &Settling) -> Option<&Value> {
    let [answered] = answers.as_slice() else { return None };
    answered.fact.args.iter().rev().find_map(|arg| match arg {
        Some(Constant::Value(value)) => Some(value),
        _ => None,
    })
}
