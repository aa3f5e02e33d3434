//! A plan as text.

use std::fmt::Write as _;

use super::Task;
use crate::model::raw::show_parts;
use crate::model::{RelationId, Ruleset};

pub(super) fn show(ruleset: &Ruleset, steps: &[Task]) -> String {
    let mut out = String::new();
    for (at, step) in steps.iter().enumerate() {
        let _ = write!(out, "{:>4}  ", at + 1);
        let _ = match step {
            Task::Relations { members, recursive } => {
                let names: Vec<String> = members.iter().map(|relation| name(ruleset, *relation)).collect();
                let rules = ruleset.rules_of(members).count();
                let how = match (rules, recursive) {
                    (0, _) => "stated facts".to_owned(),
                    (rules, true) => {
                        format!("stated facts and {rules} rules, repeated until nothing follows")
                    }
                    (rules, false) => format!("stated facts and {rules} rules"),
                };
                writeln!(out, "relation {}: {how}", names.join(" + "))
            }
            Task::Population(question) => {
                let question = &ruleset.questions[*question];
                match question.among {
                    Some(_) => writeln!(out, "population of {}: whom `among` names", question.name),
                    None => writeln!(out, "population of {}: whom any row matches", question.name),
                }
            }
            Task::Lens(lens) => {
                let lens = &ruleset.lenses[*lens];
                writeln!(out, "lens {}: {} rows over the population", lens.name, lens.rows.len())
            }
        };
    }
    out
}

pub(super) fn name(ruleset: &Ruleset, relation: RelationId) -> String {
    let relation = &ruleset.relations[relation];
    let parts = relation.readings.first().map_or(&[][..], |reading| reading.parts.as_slice());
    show_parts(parts, |slot| relation.slots[slot].name.clone())
}
