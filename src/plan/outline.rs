//! How a body is searched, as chosen by the counts, in words of the ruleset.

use std::sync::Arc;

use super::show::name;
use crate::engine::{AggregatePlan, AtomPlan, Calculation, Conjunction, Place, Program, Step};
use crate::model::{AtomSource, Clause, LensId, RelationId, Ruleset};

/// Stands for the subjects where a body is searched together with them.
pub(super) const SUBJECTS: AtomSource = AtomSource::Relation(RelationId(u32::MAX));

/// Stands for sentences that are searched as one.
pub(super) const JOINED: AtomSource = AtomSource::Relation(RelationId(u32::MAX - 1));

/// Stands for what goes together by a condition between two words.
pub(super) const PAIRED: AtomSource = AtomSource::Relation(RelationId(u32::MAX - 2));

/// Stands for the rows of a sentence that a condition leaves.
pub(super) const LEFT: AtomSource = AtomSource::Relation(RelationId(u32::MAX - 3));

/// Stands for sentences about one thing each that are put side by side.
pub(super) const STAR: AtomSource = AtomSource::Relation(RelationId(u32::MAX - 4));

/// Stands for a sentence with a row for each value that a missing one may be.
pub(super) const FILLED: AtomSource = AtomSource::Relation(RelationId(u32::MAX - 5));

/// Whether it is none of the ruleset's sentences, but one that a plan makes of them: its table is found by its place.
pub(super) fn is_made(source: &AtomSource) -> bool {
    [JOINED, PAIRED, LEFT, STAR, FILLED].contains(source)
}

/// The steps of a search in their order, a line each; what lies within a step stands further in.
pub fn outline(ruleset: &Ruleset, clause: &Clause, program: &Program) -> String {
    let mut outline = Outline { ruleset, clause, program, lines: Vec::new() };
    outline.steps(&program.body, 0);
    outline.lines.join("\n")
}

struct Outline<'o> {
    ruleset: &'o Ruleset,
    clause: &'o Clause,
    program: &'o Program,
    lines: Vec<String>,
}

impl Outline<'_> {
    fn line(&mut self, depth: usize, text: String) {
        self.lines.push(format!("{}{text}", "  ".repeat(depth)));
    }

    fn steps(&mut self, conjunction: &Conjunction, depth: usize) {
        for step in &conjunction.steps {
            self.step(step, depth);
        }
    }

    fn within(&mut self, head: &str, inner: &Conjunction, depth: usize) {
        self.line(depth, head.to_owned());
        self.steps(inner, depth + 1);
    }

    fn step(&mut self, step: &Step, depth: usize) {
        match step {
            Step::Seek { atom, from, to } if from == to => {
                let text = format!("something in {}", self.atom(*atom));
                self.line(depth, text);
            }
            Step::Seek { atom, from, to } => {
                let plan = &self.program.atoms[*atom];
                let by: Vec<String> =
                    plan.levels[*from..*to].iter().map(|place| self.place(*place)).collect();
                self.line(depth, format!("look up {} in {}", by.join(", "), self.atom(*atom)));
            }
            Step::Extend { var, atoms } => {
                let from: Vec<String> = atoms.iter().map(|(atom, ..)| self.atom(*atom)).collect();
                let text = if from.len() > 1 {
                    format!("each {} that all allow: {}", self.var(*var), from.join("; "))
                } else {
                    format!("each {} of {}", self.var(*var), from.join("; "))
                };
                self.line(depth, text);
            }
            Step::Members { var, members } => {
                let text = format!("each {} of its kind ({})", self.var(*var), members.count());
                self.line(depth, text);
            }
            Step::Member { term, .. } => {
                let text = format!("check the kind of {}", self.place(*term));
                self.line(depth, text);
            }
            Step::Same { left, right, equal } => {
                let is = if *equal { "is" } else { "is not" };
                let text = format!("check that {} {is} {}", self.place(*left), self.place(*right));
                self.line(depth, text);
            }
            Step::Within(within) => {
                let text = format!("narrow {} in {}", self.var(within.var), self.atom(within.atom));
                self.line(depth, text);
            }
            Step::Stated(var) => self.line(depth, format!("check that {} is known", self.var(*var))),
            Step::Join { var, from, .. } => {
                let text = format!("take {} and {} as one", self.var(*var), self.var(*from));
                self.line(depth, text);
            }
            Step::Compare { left, right, .. } => {
                self.line(depth, "compare".to_owned());
                self.aggregates(left, depth + 1);
                self.aggregates(right, depth + 1);
            }
            Step::Find { var, .. } => {
                self.line(depth, format!("work out {}, which must be there", self.var(*var)));
            }
            Step::Assign { var, value, .. } => {
                self.line(depth, format!("work out {}", self.var(*var)));
                self.aggregates(value, depth + 1);
            }
            Step::Yield(value) => {
                self.line(depth, "work out a value".to_owned());
                self.aggregates(value, depth + 1);
            }
            Step::Not { inner, .. } => self.within("none of", inner, depth),
            Step::Exists(inner) => self.within("one is enough of", inner, depth),
            Step::AnyOf(parts) => {
                parts.iter().for_each(|part| self.within("one is enough, or else the next, of", part, depth));
            }
            Step::Branch(parts) => parts.iter().for_each(|part| self.within("all of", part, depth)),
        }
    }

    fn aggregates(&mut self, calculation: &Calculation, depth: usize) {
        let mut plans = Vec::new();
        calculation.each(&mut |part| {
            if let Calculation::Aggregate(plan) = part {
                plans.push(Arc::clone(plan));
            }
        });
        plans.iter().for_each(|plan| self.aggregate(plan, depth));
    }

    fn aggregate(&mut self, plan: &AggregatePlan, depth: usize) {
        let (certain, possible, but) = match &plan.all_but {
            Some(all) => {
                let but = format!(", but for what is about {}", self.var(all.outside));
                (&all.certain, &all.possible, but)
            }
            None => (&plan.certain, &plan.possible, String::new()),
        };
        let name = plan.kind.name();
        self.within(&format!("{name} over{but}"), certain, depth);
        if let Some(possible) = possible {
            self.within(&format!("{name}, as far as possible, over{but}"), possible, depth);
        }
    }

    fn atom(&self, atom: usize) -> String {
        let AtomPlan { source, index, .. } = &self.program.atoms[atom];
        let rows = index.all().1;
        let lens = |lens: LensId| self.ruleset.lenses[lens].name.as_str();
        let what = match source {
            source if *source == SUBJECTS => "the subjects".to_owned(),
            source if *source == JOINED => "several sentences at once".to_owned(),
            source if *source == LEFT => "what a condition leaves of a sentence".to_owned(),
            source if *source == FILLED => "a sentence with what is missing written out".to_owned(),
            source if *source == STAR => "sentences side by side".to_owned(),
            source if *source == PAIRED => "what a condition lets go together".to_owned(),
            AtomSource::Relation(relation) => name(self.ruleset, *relation),
            AtomSource::Verdict { verdict, lenses, question, .. } => {
                let verdict = &self.ruleset.questions[*question].verdicts[*verdict].name;
                let lenses: Vec<&str> = lenses.iter().map(|id| lens(*id)).collect();
                format!("{verdict} by {}", lenses.join(", "))
            }
            AtomSource::Disagree { left, right, .. } => format!("{} against {}", lens(*left), lens(*right)),
        };
        format!("{what} ({rows})")
    }

    fn place(&self, place: Place) -> String {
        match place {
            Place::Var(var) => self.var(var),
            Place::Id(_) => "a constant".to_owned(),
        }
    }

    fn var(&self, var: usize) -> String {
        self.clause.vars.iter().nth(var).map_or_else(|| "another one".to_owned(), |var| var.name.clone())
    }
}
