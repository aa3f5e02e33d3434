//! The facts behind what a lens says: changes of those are tried first.

use std::collections::BTreeSet;

use super::LensStory;
use super::lookup::{Stop, Tuple, Want};
use super::run::Run;
use crate::base::Idx;
use crate::checker::{Amount, Derivation, Held, Step};
use crate::model::checks::atoms_of;
use crate::model::{Atom, AtomSource, Cond, RelationId, Term};

/// Facts of figures of so many members count as behind what is said, and so many facts of one sentence.
const MOST_MEMBERS: usize = 16;
const MOST_FACTS: usize = 32;

type Facts = BTreeSet<(RelationId, Tuple)>;

impl Run<'_> {
    /// The facts behind what a lens says, and those by which rows come near to matching or are barred; of figures of few
    /// members what those are made of.
    pub fn behind(&self, story: &LensStory) -> Facts {
        let mut out = Facts::new();
        for proof in story.proofs() {
            self.behind_proof(proof, &mut out);
        }
        for why in &story.why_not {
            self.facts_of(&why.holds, &mut out);
            self.figures_of(&why.holds, &why.words, &mut out);
            why.against.iter().for_each(|(_, proof)| self.behind_proof(proof, &mut out));
            for (cond, sides) in &why.fails {
                let few = sides.iter().all(|sides| is_of_few(&sides.left) && is_of_few(&sides.right));
                if few {
                    self.figure_of(cond, &why.words, &mut out);
                }
            }
        }
        out
    }

    fn behind_proof(&self, proof: &Derivation, out: &mut Facts) {
        self.facts_of(&proof.steps, out);
        self.figures_of(&proof.steps, &proof.words, out);
    }

    /// What figures in the steps of a proof are made of, whose words stand for these.
    fn figures_of(&self, steps: &[Step], words: &[Held], out: &mut Facts) {
        for step in steps {
            match step {
                Step::Compare { cond, lhs, rhs } if is_of_few(lhs) && is_of_few(rhs) => {
                    self.figure_of(cond, words, out);
                }
                Step::Value { cond, value } if is_of_few(value) => self.figure_of(cond, words, out),
                Step::Derived { by: Some((_, by)), .. } => self.figures_of(&by.steps, &by.words, out),
                _ => {}
            }
        }
    }

    /// What is stated in the sentences of a condition's figures that name something given outside.
    fn figure_of(&self, cond: &Cond, words: &[Held], out: &mut Facts) {
        cond.aggregated(&mut |body| atoms_of(body, &mut |atom| self.stated_of(atom, words, out)));
    }

    fn stated_of(&self, atom: &Atom, words: &[Held], out: &mut Facts) {
        let AtomSource::Relation(relation) = atom.source else { return };
        let want: Vec<Want> = atom
            .args
            .iter()
            .map(|term| match term {
                Term::Var(var) => match words.get(var.index()) {
                    Some(Held::Is(constant)) => Want::Is(self.world.id(constant)),
                    Some(Held::Free | Held::Missing) | None => Want::Any,
                },
                Term::Constant(_) | Term::Parameter(_) => Want::Any,
            })
            .collect();
        if want.iter().all(|want| matches!(want, Want::Any)) {
            return;
        }
        let mut found = Facts::new();
        for maybe in [false, true] {
            let columns = self.world.stated.relations[relation].columns(maybe);
            let _ = self.world.indexes.each(columns, &want, &mut |tuple| {
                if found.len() >= MOST_FACTS {
                    return Err(Stop::Enough);
                }
                found.insert((relation, tuple.to_vec()));
                Ok(())
            });
        }
        out.append(&mut found);
    }
}

fn is_of_few(amount: &Amount) -> bool {
    amount.members.as_ref().is_none_or(|(count, _)| *count <= MOST_MEMBERS)
}
