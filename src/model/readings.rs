//! Sentences and the readings they match. Two readings of one length always differ in some fixed
//! word (declared otherwise they collide), so a sentence matches at most one.

use std::collections::{BTreeMap, HashMap};

use super::ir::{ReadingPart, RelationId};
use crate::base::{InOrder, Span};
use crate::syntax::ast::{Sentence, Term, TermKind};
use crate::value::Decimal;

/// All readings of all relations.
#[derive(Default)]
pub(super) struct Readings {
    /// By length, then by the places of the fixed words, then by those words.
    exact: BTreeMap<usize, Vec<Group>>,
    all: Vec<Known>,
}

/// The places of fixed words, and per words there the reading, as a place among all.
type Group = (Vec<usize>, HashMap<Vec<String>, usize>);

/// A reading with its relation.
pub(super) struct Known {
    pub relation: RelationId,
    pub parts: Vec<ReadingPart>,
    pub span: Span,
}

/// A sentence that matched.
pub(super) struct Match<'a> {
    pub relation: RelationId,
    /// What fills the slots, in slot order.
    pub args: Vec<&'a Term>,
}

impl Readings {
    /// Adds a reading unless it collides with an earlier one, which is returned.
    pub fn add(&mut self, relation: RelationId, parts: Vec<ReadingPart>, span: Span) -> Option<&Known> {
        let (places, words) = fixed(&parts);
        let groups = self.exact.entry(parts.len()).or_default();
        // Readings whose words stand at the same places collide only where all words are the same.
        let clash = groups.iter().filter_map(|(known, readings)| {
            if *known == places {
                readings.get(&words).copied()
            } else {
                readings.values().copied().filter(|&at| collide(&self.all[at].parts, &parts)).min()
            }
        });
        if let Some(at) = clash.min() {
            return Some(&self.all[at]);
        }
        let at = groups.iter().position(|(known, _)| *known == places).unwrap_or_else(|| {
            groups.push((places, HashMap::new()));
            groups.len() - 1
        });
        groups[at].1.insert(words, self.all.len());
        self.all.push(Known { relation, parts, span });
        None
    }

    /// The reading a sentence matches.
    pub fn find<'a>(&self, sentence: &'a Sentence) -> Option<Match<'a>> {
        for (places, readings) in self.exact.get(&sentence.parts.len())? {
            let words: Option<Vec<String>> =
                places.iter().map(|&place| plain_word(&sentence.parts[place]).map(str::to_owned)).collect();
            if let Some(known) = words.and_then(|words| readings.get(&words)) {
                return Some(self.bind(&self.all[*known], sentence));
            }
        }
        self.of_one(sentence).map(|known| self.bind(known, sentence))
    }

    /// The one reading that a sentence matches with words said of one thing, as in `1 room`.
    fn of_one(&self, sentence: &Sentence) -> Option<&Known> {
        let is_one =
            |term: &Term| matches!(term.kind, TermKind::Number(number) if number == Decimal::from(1));
        let parts = &sentence.parts;
        if !parts
            .iter()
            .zip(parts.iter().skip(1))
            .any(|(term, next)| is_one(term) && plain_word(next).is_some())
        {
            return None;
        }
        let says = |known: &&Known| {
            known.parts.iter().enumerate().all(|(at, part)| match part {
                ReadingPart::Slot(_) => true,
                ReadingPart::Word(word) => plain_word(&parts[at]).is_some_and(|said| {
                    said == word || at > 0 && is_one(&parts[at - 1]) && said == singular(word)
                }),
                ReadingPart::Verdict => false,
            })
        };
        let alike =
            self.exact.get(&parts.len()).into_iter().flatten().flat_map(|(_, readings)| readings.values());
        let mut all = alike.map(|at| &self.all[*at]).filter(says);
        all.next().filter(|_| all.next().is_none())
    }

    #[expect(clippy::unused_self, reason = "reads as a part of finding")]
    fn bind<'a>(&self, known: &Known, sentence: &'a Sentence) -> Match<'a> {
        let mut filled: Vec<(usize, &Term)> = known
            .parts
            .iter()
            .zip(&sentence.parts)
            .filter_map(|(part, term)| match part {
                ReadingPart::Slot(slot) => Some((*slot, term)),
                ReadingPart::Word(_) | ReadingPart::Verdict => None,
            })
            .collect();
        filled.order_by_key(|(slot, _)| *slot);
        Match { relation: known.relation, args: filled.into_iter().map(|(_, term)| term).collect() }
    }

    /// The reading most like a sentence that matches none; only where it is near and some word of it stands there too.
    pub fn nearest(&self, sentence: &Sentence) -> Option<&Known> {
        self.all
            .iter()
            .map(|known| (distance(&known.parts, &sentence.parts), known))
            .filter(|(cost, known)| {
                let words = known.parts.iter().filter(|part| matches!(part, ReadingPart::Word(_))).count();
                *cost <= 2 * words && *cost < 2 * known.parts.len() && shares_word(&known.parts, sentence)
            })
            .min_by_key(|(cost, _)| *cost)
            .map(|(_, known)| known)
    }
}

/// The last word of `1 links`, as one says it of one.
pub(crate) fn singular(word: &str) -> String {
    let keeps = ["ss", "us", "is", "as", "os"].iter().any(|end| word.ends_with(end));
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    let hissing = ["xes", "ches", "shes", "sses"].iter().any(|end| word.ends_with(end));
    match word.strip_suffix(if hissing { "es" } else { "s" }) {
        Some(stem) if !keeps && stem.len() > 1 => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// The places of the fixed words, and the words.
fn fixed(parts: &[ReadingPart]) -> (Vec<usize>, Vec<String>) {
    parts
        .iter()
        .enumerate()
        .filter_map(|(at, part)| match part {
            ReadingPart::Word(word) => Some((at, word.clone())),
            ReadingPart::Slot(_) | ReadingPart::Verdict => None,
        })
        .unzip()
}

/// Whether some sentence could match both.
pub(super) fn collide(left: &[ReadingPart], right: &[ReadingPart]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (ReadingPart::Word(left), ReadingPart::Word(right)) => left == right,
            _ => true,
        })
}

/// The word a part is, if it is a bare one.
pub(super) fn plain_word(term: &Term) -> Option<&str> {
    match &term.kind {
        TermKind::Word(word) => Some(word),
        TermKind::Quoted(_)
        | TermKind::Column(_)
        | TermKind::Number(_)
        | TermKind::Date(_)
        | TermKind::Any(_)
        | TermKind::Wrapped { .. } => None,
    }
}

/// Edits that lead from one to the other; two for a part too many, too few or another word, one for
/// a word nearly right.
fn distance(parts: &[ReadingPart], terms: &[Term]) -> usize {
    let mut row: Vec<usize> = (0..=terms.len()).map(|at| 2 * at).collect();
    for part in parts {
        let mut diagonal = row[0];
        row[0] += 2;
        for (at, term) in terms.iter().enumerate() {
            let change = diagonal + difference(part, term);
            diagonal = row[at + 1];
            row[at + 1] = change.min(row[at] + 2).min(diagonal + 2);
        }
    }
    row[terms.len()]
}

/// Whether some word of a reading stands in a sentence, or one nearly like it.
fn shares_word(parts: &[ReadingPart], sentence: &Sentence) -> bool {
    let is_there = |part: &ReadingPart| sentence.parts.iter().any(|term| difference(part, term) < 2);
    parts.iter().filter(|part| matches!(part, ReadingPart::Word(_))).any(is_there)
}

fn difference(part: &ReadingPart, term: &Term) -> usize {
    match (part, plain_word(term)) {
        (ReadingPart::Slot(_) | ReadingPart::Verdict, _) => 0,
        (ReadingPart::Word(_), None) => 2,
        (ReadingPart::Word(word), Some(given)) if word == given => 0,
        (ReadingPart::Word(word), Some(given)) => {
            if strsim::osa_distance(word, given) <= (word.chars().count() / 3).max(1) { 1 } else { 2 }
        }
    }
}
