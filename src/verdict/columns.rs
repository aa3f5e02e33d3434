//! Aggregates of subjects as columns: worked out once, compared with as many constants as rows name.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::evaluate::Evaluator;
use super::search;
use super::stops::Stop;
use crate::base::parallel::each_part_mut;
use crate::base::{BitSet, IndexVec, Span};
use crate::engine::{Comparison, Computed, compare};
use crate::model::{Clause, Cond, Expr, QuestionId, Term, Var, VarId};
use crate::value::Value;

/// Subjects a thread compares at a time; a multiple of 64.
const CHUNK: usize = 1 << 16;

/// What an aggregate comes to for each subject.
pub(super) struct Column {
    /// The results, each once.
    distinct: Vec<Computed>,
    /// Per subject the place of its result.
    codes: Vec<u32>,
}

/// What an aggregate comes to for some subjects.
#[derive(Default)]
pub(super) struct Part {
    /// The results, each with its place among them.
    known: HashMap<Computed, u32, FxBuildHasher>,
    /// Subjects by place, and the places of their results.
    places: Vec<(u32, u32)>,
}

impl Part {
    /// Adds the result of a subject.
    pub fn add(&mut self, subject: u32, result: &Computed) {
        let code = self.known.get(result).copied().unwrap_or_else(|| self.code(result.clone()));
        self.places.push((subject, code));
    }

    fn code(&mut self, result: Computed) -> u32 {
        let next = self.known.len() as u32;
        *self.known.entry(result).or_insert(next)
    }
}

impl Column {
    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.codes.len() * size_of::<u32>() + self.distinct.len() * size_of::<Computed>()
    }

    /// The column of subjects by place, from parts of it.
    pub fn of(count: usize, parts: Vec<Part>) -> Self {
        let mut all = Part::default();
        let mut codes = vec![0; count];
        for Part { mut known, places } in parts {
            let mut results: Vec<(u32, Computed)> =
                known.drain().map(|(result, code)| (code, result)).collect();
            results.sort_unstable_by_key(|(code, _)| *code);
            let of_all: Vec<u32> = results.into_iter().map(|(_, result)| all.code(result)).collect();
            for (place, code) in places {
                codes[place as usize] = of_all[code as usize];
            }
        }
        let mut distinct: Vec<(u32, Computed)> =
            all.known.into_iter().map(|(computed, at)| (at, computed)).collect();
        distinct.sort_unstable_by_key(|(at, _)| *at);
        Self { distinct: distinct.into_iter().map(|(_, computed)| computed).collect(), codes }
    }

    /// Whose result compares so with a constant, which may be the left side.
    pub fn compare(&self, op: Comparison, constant: &Value, on_the_left: bool, possible: bool) -> BitSet {
        let constant = Computed::Value(constant.clone());
        let met = |computed: &Computed| {
            if on_the_left {
                compare(&constant, op, computed, possible)
            } else {
                compare(computed, op, &constant, possible)
            }
        };
        let met: Vec<bool> = self.distinct.iter().map(met).collect();
        let mut words = vec![0_u64; self.codes.len().div_ceil(64)];
        let fill = |(words, codes): (&mut [u64], &[u32])| {
            for (word, codes) in words.iter_mut().zip(codes.chunks(64)) {
                let bits = codes.iter().enumerate();
                *word = bits.fold(0, |word, (at, code)| word | u64::from(met[*code as usize]) << at);
            }
        };
        if self.codes.len() < CHUNK {
            fill((&mut words, &self.codes));
        } else {
            let codes = |part: usize| &self.codes[part * CHUNK..self.codes.len().min((part + 1) * CHUNK)];
            each_part_mut(&mut words, CHUNK / 64, |part, words| fill((words, codes(part))));
        }
        BitSet::from_words(words, self.codes.len())
    }
}

impl Evaluator<'_> {
    /// The column of the aggregate in a comparison; `None` where the search way by way must say.
    pub(super) fn column(
        &mut self,
        question: QuestionId,
        vars: &IndexVec<VarId, Var>,
        comparison: &Cond,
        span: Span,
    ) -> Result<Option<Column>, Stop> {
        self.clock.time()?;
        let clause = Clause { vars: vars.clone(), when: comparison.clone(), unless: None };
        let profile = self.profile;
        let found = profile.part(
            || "aggregate".to_owned(),
            |found: &Result<Option<Column>, _>| {
                found.as_ref().map_or(0, |found| found.as_ref().map_or(0, |column| column.distinct.len()))
            },
            || {
                self.with_inputs(false, |evaluator, inputs, values| {
                    profile.note(comparison.span().or(Some(span)), String::new);
                    let classes = &evaluator.classes[question];
                    search::yielded(&classes.asked(), &clause, inputs, values, &evaluator.clock, profile)
                })
            },
        );
        found.map_err(Stop::Reached)
    }

    /// The value of a constant or parameter.
    pub(super) fn constant(&self, expr: &Expr) -> Option<Value> {
        match expr {
            Expr::Term(Term::Constant(crate::model::Constant::Value(value))) => Some(value.clone()),
            Expr::Term(Term::Parameter(parameter)) => self.parameters[*parameter].clone(),
            _ => None,
        }
    }
}
