//! Rows of which it is known whom they match but for what rules some out: only those are looked at of whom something
//! is said that could.

use std::sync::Arc;

use super::conditions::{Words, flattened};
use super::evaluate::Evaluator;
use super::parts::Found;
use crate::base::{BitSet, Idx, Span};
use crate::model::clause::as_var;
use crate::model::{AtomSource, Cond, QuestionId};

/// Those of whom something is said are looked at on their own where they are at most so many of so many.
const WORTH: (usize, usize) = (3, 4);

/// A sentence without which something cannot rule out a subject: the ids of one of the subject's words that it names.
struct Needed {
    slot: usize,
    ids: BitSet,
}

impl Evaluator<'_> {
    /// Whom conditions match that share words and of which some are negated, where it was kept whom the others match;
    /// `None` where that is not known, or little would be gained.
    pub(super) fn unless_ruled_out(
        &mut self,
        question: QuestionId,
        words: Words<'_>,
        part: &Cond,
        possible: bool,
        span: Span,
    ) -> Found {
        let Cond::And(items) = part else { return Ok(None) };
        let (negated, others): (Vec<&Cond>, Vec<&Cond>) =
            items.iter().partition(|item| matches!(item, Cond::Not(..)));
        if possible || negated.is_empty() || self.cond_is_doubtful(part) {
            return Ok(None);
        }
        let Some(all) = self.kept(question, words, others.into_iter().cloned().collect()) else {
            return Ok(None);
        };
        let needed: Option<Vec<Needed>> = negated.iter().map(|item| self.needed(words, item)).collect();
        let Some(needed) = needed else { return Ok(None) };
        let subjects = &self.classes[question].subjects;
        let mut open = BitSet::new(all.len());
        for subject in all.iter() {
            let may_be = |Needed { slot, ids }: &Needed| ids.contains(subjects[*slot][subject] as usize);
            if needed.iter().any(may_be) {
                open.insert(subject);
            }
        }
        if open.count() * WORTH.1 > all.count() * WORTH.0 {
            return Ok(None);
        }
        let Some(left) = self.searched(question, words, part, false, span, Some(&open))? else {
            return Ok(None);
        };
        let mut found = (*all).clone();
        let words = found.words_mut().iter_mut().zip(open.words()).zip(left.words());
        words.for_each(|((word, open), left)| *word = *word & !open | left);
        Ok(Some(Arc::new(found)))
    }

    /// A sentence that a negated condition names together with a word of the subject's; `None` where it names none.
    fn needed(&self, words: Words<'_>, negated: &Cond) -> Option<Needed> {
        let Cond::Not(inner, _) = negated else { return None };
        flattened((**inner).clone()).iter().find_map(|item| {
            let Cond::Atom(atom) = item else { return None };
            if !matches!(atom.source, AtomSource::Relation(_)) {
                return None;
            }
            let (column, slot) = atom.args.iter().enumerate().find_map(|(column, arg)| {
                let slot = as_var(arg)?.index();
                (slot < words.slots).then_some((column, slot))
            })?;
            let bounds = self.bounds(&atom.source);
            let ids = &bounds.get(false).columns()[column];
            let mut named = BitSet::default();
            named.insert_all(ids);
            Some(Needed { slot, ids: named })
        })
    }
}
