//! Parts of rows that name one word of subjects of several words: asked of each name that stands for that word
//! once, not of each subject.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::conditions::Words;
use super::evaluate::Evaluator;
use crate::base::parallel::each_of;
use crate::base::{BitSet, Idx};
use crate::engine::Table;
use crate::engine::planted::{Bug, pays_from, planted};
use crate::model::clause::cond_vars;
use crate::model::{Cond, QuestionId, VarId};
use crate::plan::Subjects;

/// Names are asked where there are at most so small a share of them to the subjects.
const FEW: usize = 4;

/// Words of bits a thread fills at a time.
const CHUNK: usize = 1 << 10;

/// The names that stand for each word of the subjects, once they are asked for.
pub(super) type Names = Vec<OnceLock<Arc<Table>>>;

impl Evaluator<'_> {
    /// The one word of several that a part names, where few names stand for it.
    pub(super) fn word_of(&self, question: QuestionId, words: Words<'_>, part: &Cond) -> Option<VarId> {
        if words.slots < 2 {
            return None;
        }
        let mut vars = Vec::new();
        cond_vars(part, &mut vars);
        let mut own = vars.into_iter().filter(|var| var.index() < words.slots);
        let word = own.next().filter(|word| own.all(|other| other == *word))?;
        let names = self.names_of(question, word)?;
        (names.len() * pays_from(FEW) <= self.classes[question].len()).then_some(word)
    }

    /// The names that stand for a word of the subjects, ascending.
    pub(super) fn names_of(&self, question: QuestionId, word: VarId) -> Option<&Arc<Table>> {
        let names = self.parts[question].names.get(word.index())?;
        let subjects = &self.classes[question].subjects;
        Some(names.get_or_init(|| {
            let column = &subjects[word.index()];
            let most = column.par_iter().max().map_or(0, |most| *most as usize + 1);
            let mut met = BitSet::new(most);
            column.iter().for_each(|name| met.insert(*name as usize));
            Arc::new(Table::sorted(vec![met.iter().map(|name| name as u32).collect()]))
        }))
    }

    /// The subjects of which names, by place among those of a word, were found.
    pub(super) fn with_names(&self, question: QuestionId, asked: &Subjects, found: &BitSet) -> BitSet {
        let (Some(names), Some(word)) = (asked.table.columns().first(), asked.vars.first()) else {
            return BitSet::default();
        };
        let mut met = BitSet::new(names.last().map_or(0, |most| *most as usize + 1));
        found.iter().for_each(|at| met.insert(names[at] as usize));
        let word = if planted(Bug::OtherWord) { 0 } else { word.index() };
        let column = &self.classes[question].subjects[word];
        let mut all = vec![0_u64; column.len().div_ceil(64)];
        each_of(all.chunks_mut(CHUNK).zip(column.chunks(CHUNK * 64)).collect(), |(all, column)| {
            for (word, names) in all.iter_mut().zip(column.chunks(64)) {
                let bits = names.iter().enumerate();
                *word = bits.fold(0, |word, (at, name)| word | u64::from(met.contains(*name as usize)) << at);
            }
        });
        BitSet::from_words(all, column.len())
    }
}
