//! What an open answer hangs on, in words.

use std::cmp::Ordering;

use super::changes::rough;
use super::tell::{Line, ToldNote};
use super::words::{Words, list};
use crate::base::InOrder;
use crate::checker::{Says, is_known_asked};
use crate::explain::{
    Answered, Explanation, Fact, LensStory, MOST_DOUBTS, MOST_TOGETHER, Open, Pivotal, Standing,
    WithoutResult, plainer,
};
use crate::model::{Constant, Ruleset};
use crate::value::{Decimal, Value};

/// So many ways to settle an answer are named.
const MOST_LINES: usize = 24;

impl Words<'_> {
    /// Notes on an answer that is open.
    pub fn open(&self, explanation: &Explanation, story: &LensStory, open: &Open) -> Vec<ToldNote> {
        let note = |text: String, lines: Vec<Line>| ToldNote { kind: "unknown", text, lines };
        if !open.complete {
            let lines = open.doubts.iter().map(|fact| self.doubt(fact, None)).collect();
            let text = if open.doubts.len() > MOST_DOUBTS {
                format!("More hangs on it than can be decided, {} things or more", open.doubts.len())
            } else if open.doubts.is_empty() {
                return vec![note(
                    "It takes more steps than allowed to tell what it hangs on.".to_owned(),
                    lines,
                )];
            } else {
                "It takes more steps than allowed to tell what it hangs on; looked at so far".to_owned()
            };
            return vec![note(text, lines)];
        }
        let tried = if open.by_values { ", for the values tried" } else { "" };
        let is_perhaps = explanation.standing == Standing::Perhaps;
        if let Some(says) = &open.agreed {
            let says = self.says(explanation.question, says);
            let whole = if is_perhaps {
                let names: Vec<String> = explanation.subject.iter().map(|name| self.written(name)).collect();
                format!(" in which {} is asked about", names.join(", "))
            } else {
                String::new()
            };
            let text = match rough(&open.rough) {
                Some(rough) => {
                    format!("Every way to fill the gaps{whole} that was tried comes to `{says}` ({rough}).")
                }
                None => format!("Every way to fill the gaps{whole} comes to `{says}` all the same{tried}."),
            };
            return vec![note(text, Vec::new())];
        }
        let mut notes = Vec::new();
        if !open.pivotal.is_empty() {
            let line = |one: &Pivotal| {
                let mut line = self.doubt(&one.fact, one.share.map(|share| (share, open)));
                if !one.doubted.is_empty() {
                    let names: Vec<String> = one.doubted.iter().map(|name| self.written(name)).collect();
                    line.text.push_str(&format!(" (only doubtful facts name {})", list(&names, "and")));
                }
                line
            };
            let lines = open.pivotal.iter().map(line);
            let asked = if is_perhaps { ", where it is asked about" } else { "" };
            notes.push(note(format!("It hangs on this{asked}{tried}"), lines.collect()));
        }
        let never = open.reached.as_ref().map(|reached| story.says.without(reached));
        if let Some(never) = never.filter(|never| !never.is_empty()) {
            let never: Vec<String> =
                self.outcomes(explanation.question, &never).iter().map(|one| format!("`{one}`")).collect();
            let text = format!("No way to fill the gaps comes to {}{tried}.", list(&never, "or"));
            notes.push(note(text, Vec::new()));
        }
        if !open.settling.is_empty() {
            let stopped = match rough(&open.rough) {
                _ if !open.settling_complete => " (not everything was tried)".to_owned(),
                None => String::new(),
                Some(rough) => format!(" ({rough})"),
            };
            let asked = if is_perhaps { ", where it is asked about" } else { "" };
            let (few, lines) = self.first_settling(explanation, open);
            notes.push(note(format!("It is settled{asked}{stopped}{few}"), lines));
        } else if !open.pivotal.is_empty() {
            let text = match open.pivotal.len() {
                _ if !open.settling_complete => {
                    "What settles it was not found (not everything was tried).".to_owned()
                }
                0..=MOST_TOGETHER => {
                    let known = if is_known_asked(self.ruleset) {
                        " (where it is asked what is known, an answer changes that too)"
                    } else {
                        ""
                    };
                    format!("No answers to these settle it{tried}{known}.")
                }
                _ => "It takes more answers to settle it than were tried together.".to_owned(),
            };
            notes.push(note(text, Vec::new()));
        }
        if let Some(without) = open.without.as_ref().filter(|without| !without.is_empty()) {
            let line = |one: &WithoutResult| {
                let (asked, (near, others)) =
                    (self.as_written(one.at), outermost(self.ruleset, &one.first, &one.last));
                let near = self.answered(near);
                Line::new("change", format!("if {near}{others}: `{asked}` has no result"), None)
            };
            let lines = without.iter().map(line).collect();
            notes.push(note("After these answers an evaluation ends with an error".to_owned(), lines));
        }
        notes
    }

    /// What settles it, and of how many sets these are the first, where they are many.
    fn first_settling(&self, explanation: &Explanation, open: &Open) -> (String, Vec<Line>) {
        let mut lines = self.settling(explanation, open);
        let all = lines.len();
        lines.truncate(MOST_LINES);
        let few =
            if all > MOST_LINES { format!(", the first {MOST_LINES} of {all} ways") } else { String::new() };
        (few, lines)
    }

    /// What settles it: of texts, and of values of which what is asked comes again and again, one of those that come to the
    /// same; of other values all that lie one after the other and do in one line; what a person would write first.
    fn settling(&self, explanation: &Explanation, open: &Open) -> Vec<Line> {
        let mut alone: Vec<Vec<&Settling>> = Vec::new();
        let mut runs: Vec<&[Settling]> = Vec::new();
        let mut from = None;
        for (at, one) in open.settling.iter().enumerate() {
            let is_alone = match value_of(self.ruleset, one) {
                Some(Value::Text(_)) => true,
                Some(value) => open.endless.contains(&value.kind()),
                None => false,
            };
            let goes_on =
                at > 0 && !open.settling_gaps.contains(&at) && ordered(&open.settling[at - 1], one).is_some();
            if !goes_on || is_alone {
                runs.extend(from.take().map(|from: usize| &open.settling[from..at]));
            }
            if !is_alone {
                from = from.or(Some(at));
                continue;
            }
            match alone.iter_mut().find(|group| group[0].1 == one.1 && is_beside(group[0], one)) {
                Some(group) => group.push(one),
                None => alone.push(vec![one]),
            }
        }
        runs.extend(from.map(|from| &open.settling[from..]));
        let mut lines: Vec<(&Settling, String)> = Vec::new();
        for group in &alone {
            let mut group = group.clone();
            group.order_by(|one, other| plainer_of(self.ruleset, one, other));
            let others = match group.len() - 1 {
                0 => String::new(),
                1 => " (or one other that was tried)".to_owned(),
                more => format!(" (or {more} others that were tried)"),
            };
            lines.push((group[0], others));
        }
        for (at, run) in runs.iter().enumerate() {
            // Of values one after the other that come to the same, the one next to what comes to something else.
            let is_first =
                match (value_of(self.ruleset, &run[0]), value_of(self.ruleset, &run[run.len() - 1])) {
                    (Some(Value::Number(first)), Some(Value::Number(last))) => first.abs() > last.abs(),
                    _ => at == 0 || !is_beside(&runs[at - 1][0], &run[0]),
                };
            let (near, far) = if is_first { (run.len() - 1, 0) } else { (0, run.len() - 1) };
            // What comes to something else beyond says where it ends.
            let next = if is_first { at.checked_sub(1) } else { Some(at + 1) }.and_then(|at| runs.get(at));
            let is_last = next.is_none_or(|next| !is_beside(&next[0], &run[0]));
            let others = ordered(&run[near], &run[far]).map_or_else(String::new, |value| {
                or_beyond(value_of(self.ruleset, &run[near]), value, (!is_first, is_last))
            });
            lines.push((&run[near], others));
        }
        // Sets stay in order but for those with an odd value before the last.
        lines.order_by_key(|(one, _)| odd_before(one));
        let line = |((answers, says), others): (&Settling, String)| {
            let answers: Vec<String> = answers.iter().map(|one| self.answered(one)).collect();
            let then = self.says(explanation.question, says);
            Line::new("change", format!("if {}{others}: {then}", list(&answers, "and")), None)
        };
        lines.into_iter().map(line).collect()
    }

    /// What is not known, with the share of the ways in which it matters.
    fn doubt(&self, fact: &Fact, share: Option<(u64, &Open)>) -> Line {
        let sentence = self.fact(fact.relation, &fact.args);
        let place = fact.origin.and_then(|origin| self.place(origin));
        let question = if fact.maybe { "whether" } else { "the value nobody stated in:" };
        let share = match share {
            Some((share, open)) if share < 1_000_000 => {
                let tenth = match share / 1000 % 10 {
                    0 => String::new(),
                    tenth => format!(".{tenth}"),
                };
                let percent = format!("{}{tenth} %", share / 10_000);
                let some = if open.by_values { ", for some values," } else { "" };
                format!(" (matters{some} in {percent} of the ways the rest may turn out)")
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

/// The value of the second where the last answers of both state one number or day of the same, all others are the same,
/// and both come to the same.
fn ordered<'s>(left: &Settling, right: &'s Settling) -> Option<&'s Value> {
    if left.1 != right.1 || !is_beside(left, right) {
        return None;
    }
    let ([.., left], [.., right]) = (left.0.as_slice(), right.0.as_slice()) else { return None };
    let mut differing = left.fact.args.iter().zip(&right.fact.args).filter(|(left, right)| left != right);
    match (differing.next(), differing.next()) {
        (Some((Some(Constant::Value(_)), Some(Constant::Value(value)))), None) => {
            matches!(value, Value::Number(_) | Value::Date(_)).then_some(value)
        }
        _ => None,
    }
}

/// Whether two differ in the last answer only, and that is about the same.
fn is_beside((left, _): &Settling, (right, _): &Settling) -> bool {
    let ([before @ .., left], [others @ .., right]) = (left.as_slice(), right.as_slice()) else {
        return false;
    };
    let same = |left: &Answered, right: &Answered| {
        left.holds == right.holds
            && left.fact.relation == right.fact.relation
            && left.fact.args == right.fact.args
    };
    before.len() == others.len()
        && before.iter().zip(others).all(|(left, right)| same(left, right))
        && left.holds
        && right.holds
        && left.fact.relation == right.fact.relation
        && left.fact.args.iter().zip(&right.fact.args).filter(|(left, right)| left != right).count() == 1
}

/// The one next to what comes to something else of answers that lie one after the other, and how far they go.
fn outermost<'a>(ruleset: &Ruleset, first: &'a Answered, last: &'a Answered) -> (&'a Answered, String) {
    match (value_in(ruleset, first), value_in(ruleset, last)) {
        (Some(low), Some(high)) if low != high => match (low, high) {
            (Value::Number(near), Value::Number(far)) if near.abs() > far.abs() => {
                (last, or_beyond(Some(high), low, (false, true)))
            }
            _ => (first, or_beyond(Some(low), high, (true, true))),
        },
        _ => (first, String::new()),
    }
}

/// How many times as large a number is that says only that all up to it do the same.
const FAR_OFF: i64 = 1000;

/// That the same was found of all values tried from one up or down to another, which may be the last of all.
fn or_beyond(near: Option<&Value>, far: &Value, (is_up, is_last): (bool, bool)) -> String {
    let (beyond, way) = match (far, is_up) {
        (Value::Number(_), true) => ("more", "up"),
        (Value::Number(_), false) => ("less", "down"),
        (Value::Date(_), true) => ("later", "up"),
        (Value::Date(_), false) => ("earlier", "back"),
        (Value::Text(_) | Value::Flag(_), true) => {
            return format!(" (or any other value tried, up to {far})");
        }
        (Value::Text(_) | Value::Flag(_), false) => {
            return format!(" (or any other value tried, down to {far})");
        }
    };
    let is_far_off = match (near, far) {
        (Some(Value::Number(near)), Value::Number(far)) => {
            let times = near.abs().max(Decimal::from(1)).checked_mul(Decimal::from(FAR_OFF));
            is_last && times.is_ok_and(|most| far.abs() >= most)
        }
        _ => false,
    };
    if is_far_off {
        format!(" (or {beyond}, as far as tried)")
    } else {
        format!(" (or {beyond}; tried {way} to {far})")
    }
}

/// Which of two that differ in a last value a person would write.
fn plainer_of(ruleset: &Ruleset, one: &Settling, other: &Settling) -> Ordering {
    match (value_of(ruleset, one), value_of(ruleset, other)) {
        (Some(one), Some(other)) => plainer(one, other, &[]),
        (one, other) => one.cmp(&other),
    }
}

/// Whether some answer before the last states a negative number.
fn odd_before((answers, _): &Settling) -> bool {
    let before = answers.split_last().map_or(&[][..], |(_, before)| before);
    let is_odd = |arg: &Option<Constant>| match arg {
        Some(Constant::Value(Value::Number(number))) => *number < Decimal::ZERO,
        _ => false,
    };
    before.iter().flat_map(|one| &one.fact.args).any(is_odd)
}

/// The value that the last answer of a settling states.
fn value_of<'s>(ruleset: &Ruleset, (answers, _): &'s Settling) -> Option<&'s Value> {
    value_in(ruleset, answers.last()?)
}

/// The value that an answer states for a gap; of another fact the last value.
fn value_in<'a>(ruleset: &Ruleset, answered: &'a Answered) -> Option<&'a Value> {
    let value = |arg: &'a Option<Constant>| match arg {
        Some(Constant::Value(value)) => Some(value),
        Some(Constant::Thing(..)) | None => None,
    };
    match ruleset.relations[answered.fact.relation].open {
        Some(slot) => answered.fact.args.get(slot).and_then(value),
        None => answered.fact.args.iter().rev().find_map(value),
    }
}
