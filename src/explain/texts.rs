//! Texts that meet several of the things that rules ask of one: what it begins with, ends with, contains, is not, and how
//! long it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::clause::expr_vars;
use crate::model::{Cond, Constant, Expr, Term, VarId};
use crate::value::Value;

/// Texts are made up to this length.
const LONGEST: usize = 64;
/// Of so many texts that are asked of one word others are put together.
const MOST_PIECES: usize = 4;
/// What texts are filled up with: the first of these that stands in none of those named.
const FILLERS: &str = "xyzqkwvju0123456789";

/// What is asked of one text.
#[derive(Clone, Default)]
pub(super) struct Asked {
    /// The texts that are named.
    pieces: BTreeSet<String>,
    /// The numbers that its length is compared with.
    lengths: BTreeSet<usize>,
    /// Whether it is asked what it begins with, ends with or contains.
    parts: bool,
    /// Whether it is asked how long it is.
    long: bool,
}

impl Asked {
    /// Takes in what is asked of another text: both may be the same one.
    pub fn add(&mut self, other: &Self) {
        self.pieces.extend(other.pieces.iter().cloned());
        self.lengths.extend(&other.lengths);
        self.parts |= other.parts;
        self.long |= other.long;
    }

    /// Texts put together from what is asked.
    pub fn made(&self) -> BTreeSet<String> {
        let pieces: Vec<&String> = self.pieces.iter().filter(|piece| !piece.is_empty()).collect();
        let mut out = BTreeSet::new();
        if !(self.parts || self.long) || pieces.len() > MOST_PIECES {
            return out;
        }
        let is_free = |filler: &char| pieces.iter().all(|piece| !piece.to_lowercase().contains(*filler));
        let filler = FILLERS.chars().find(is_free).unwrap_or('x').to_string();
        // What stands before the filling and what after it.
        let mut ends: Vec<(String, String)> = vec![(String::new(), String::new())];
        for one in &pieces {
            ends.push(((*one).clone(), String::new()));
            ends.push((String::new(), (*one).clone()));
            ends.extend(pieces.iter().map(|other| ((*one).clone(), (*other).clone())));
            out.insert(format!("{filler}{one}{filler}"));
        }
        if self.parts && pieces.len() > 2 {
            let all: Vec<&str> = pieces.iter().map(|piece| piece.as_str()).collect();
            out.insert(format!("{filler}{}{filler}", all.join(&filler)));
        }
        for (before, after) in ends {
            if self.parts {
                out.extend([format!("{before}{after}"), format!("{before}{filler}{after}")]);
                out.insert(format!("{filler}{before}{after}{filler}"));
                out.extend(overlapping(&before, &after));
            }
            let own = before.chars().count() + after.chars().count();
            let around = |length: &usize| [length.saturating_sub(1), *length, length + 1];
            for length in self.lengths.iter().flat_map(around).filter(|length| *length >= own) {
                out.insert(format!("{before}{}{after}", filler.repeat(length - own)));
            }
        }
        out.retain(|text| text.chars().count() <= LONGEST);
        out
    }
}

/// The second after the first where the end of one is the beginning of the other, which then stands there once.
fn overlapping(before: &str, after: &str) -> Option<String> {
    let starts = after.char_indices().skip(1).map(|(at, _)| at).filter(|at| before.ends_with(&after[..*at]));
    starts.last().map(|at| format!("{before}{}", &after[at..]))
}

/// What a body asks of each word that stands for a text.
pub(super) fn asked(cond: &Cond, out: &mut BTreeMap<VarId, Asked>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| asked(part, out)),
        Cond::Not(inner, _) => asked(inner, out),
        Cond::Compare { lhs, rhs, .. } => compared(lhs, rhs, out),
        Cond::Atom(_) | Cond::Let { .. } | Cond::Stated { .. } | Cond::IsKind { .. } => {}
    }
    cond.aggregated(&mut |body| asked(body, out));
}

fn compared(lhs: &Expr, rhs: &Expr, out: &mut BTreeMap<VarId, Asked>) {
    for (one, other) in [(lhs, rhs), (rhs, lhs)] {
        let mut words = Vec::new();
        expr_vars(one, &mut words);
        let [word] = words.as_slice() else { continue };
        match one {
            Expr::Call(function, args)
                if matches!(function.name, "starts-with" | "ends-with" | "contains") =>
            {
                let own = out.entry(*word).or_default();
                own.parts = true;
                own.pieces.extend(args.iter().filter_map(text));
            }
            Expr::Call(function, _) if function.name == "length" => {
                let own = out.entry(*word).or_default();
                own.long = true;
                own.lengths.extend(number(other));
            }
            _ => {
                if let Some(piece) = text(other) {
                    out.entry(*word).or_default().pieces.insert(piece);
                }
            }
        }
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Term(Term::Constant(Constant::Value(Value::Text(text)))) => Some(text.to_string()),
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Term(Term::Constant(Constant::Value(Value::Number(number)))) => {
            usize::try_from(number.to_i64()?).ok().filter(|length| *length < LONGEST)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(pieces: &[&str], lengths: &[usize]) -> BTreeSet<String> {
        let pieces = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        let lengths: BTreeSet<usize> = lengths.iter().copied().collect();
        Asked { pieces, parts: true, long: !lengths.is_empty(), lengths }.made()
    }

    #[test]
    fn texts_contain_a_piece_elsewhere_than_at_their_beginning_or_end() {
        let texts = made(&["x"], &[]);
        assert!(["yx", "xy", "yxy"].iter().all(|text| texts.contains(*text)), "{texts:?}");
    }

    #[test]
    fn texts_begin_and_end_with_something_and_are_of_some_length() {
        let texts = made(&["ab", "ba"], &[5]);
        assert!(
            ["abba", "aba", "abxba", "abxxba", "xxxab"].iter().all(|text| texts.contains(*text)),
            "{texts:?}"
        );
    }
}
