//! In which order things are worked out, and how each body is searched.
//! Takes a `Ruleset`, hands on a `Plan`; bodies are compiled when the counts they need are known.

mod all_but;
mod behind;
mod below;
mod classed;
mod compile;
mod equal;
mod expressions;
mod figures;
mod filtered;
mod gaps;
mod hanging;
mod inline;
mod join;
mod missing;
mod order;
mod outline;
mod paired;
mod projected;
mod request;
mod rewritten;
mod rising;
mod show;
mod spread;
mod stars;
mod state;
mod varying;
mod within;

pub use behind::needs_some;
pub use below::{below, comparing, read_last, stated, through};
pub use compile::{compile, may_miss};
pub use expressions::{comparison, fixed, operation, place};
pub use figures::Figures;
pub use inline::with_constants;
pub use outline::outline;
pub use request::{Inputs, Request, Subjects};
pub use varying::Varying;

use crate::model::checks::{Graph, Node};
use crate::model::{LensId, QuestionId, RelationId, Ruleset};

/// The order of evaluation.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The steps, each needing only earlier ones.
    pub steps: Vec<Task>,
}

/// Something to work out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Task {
    /// Relations: one, or several that need each other.
    Relations {
        /// The relations.
        members: Vec<RelationId>,
        /// Whether they need each other or themselves.
        recursive: bool,
    },
    /// The population of a question that has an `among`.
    Population(QuestionId),
    /// A lens.
    Lens(LensId),
}

impl Task {
    /// What it works out, in the ruleset's words.
    pub fn name(&self, ruleset: &Ruleset) -> String {
        match self {
            Self::Relations { members, .. } => {
                let names: Vec<String> = members.iter().map(|id| show::name(ruleset, *id)).collect();
                format!("relation {}", names.join(" + "))
            }
            Self::Population(question) => format!("population of {}", ruleset.questions[*question].name),
            Self::Lens(lens) => format!("lens {}", ruleset.lenses[*lens].name),
        }
    }
}

/// Orders the evaluation of a ruleset.
pub fn plan(ruleset: &Ruleset) -> Plan {
    let graph = Graph::new(ruleset);
    let mut steps = Vec::new();
    for component in graph.order() {
        let mut relations = Vec::new();
        for node in component {
            match node {
                Node::Relation(relation) => relations.push(relation),
                Node::Population(question) => steps.push(Task::Population(question)),
                Node::Lens(lens) => steps.push(Task::Lens(lens)),
            }
        }
        if let Some(first) = relations.first() {
            let recursive = relations.len() > 1 || graph.is_recursive(first.0 as usize);
            steps.push(Task::Relations { members: relations, recursive });
        }
    }
    Plan { steps }
}

impl Plan {
    /// The steps as text, a line each.
    pub fn show(&self, ruleset: &Ruleset) -> String {
        show::show(ruleset, &self.steps)
    }
}
