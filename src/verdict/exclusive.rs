//! Rows that never match together: each compares the same value, one that may be missing, with
//! constants, and no value meets both.

use crate::base::{Idx, IndexVec};
use crate::model::clause::as_var;
use crate::model::{
    AtomSource, Clause, CompareOp, Cond, Constant, Expr, Lens, ParameterId, RelationId, Row, Ruleset, Term,
    VarId,
};
use crate::value::{Date, Value};

/// A value of one key, and what a row asks of it.
struct Asked {
    relation: RelationId,
    key: Vec<Key>,
    bounds: Vec<(CompareOp, Value)>,
}

/// What stands in a slot of a key: a slot of the subject, or always the same.
#[derive(PartialEq)]
enum Key {
    Subject(usize),
    Fixed(Constant),
}

/// The values parameters have.
type Parameters = IndexVec<ParameterId, Option<Value>>;

/// What the rows of a lens ask of values that may be missing.
#[derive(Default)]
pub(super) struct Apart {
    rows: Vec<Vec<Asked>>,
}

impl Apart {
    /// Reads the rows of a lens.
    pub fn new(ruleset: &Ruleset, lens: &Lens, parameters: &Parameters) -> Self {
        if ruleset.relations.iter().all(|relation| relation.open.is_none()) {
            return Self::default();
        }
        let slots = ruleset.questions[lens.question].slots.len();
        let row = |row: &Row| asked(ruleset, &row.clause, slots, parameters);
        let rows: Vec<Vec<Asked>> = lens.rows.iter().map(row).collect();
        if rows.iter().all(Vec::is_empty) { Self::default() } else { Self { rows } }
    }

    /// Whether any two rows may match together, as far as this tells.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether two rows, as places, never match together.
    pub fn never_together(&self, left: usize, right: usize) -> bool {
        let (Some(left), Some(right)) = (self.rows.get(left), self.rows.get(right)) else { return false };
        let apart = |left: &Asked, right: &Asked| {
            left.relation == right.relation
                && left.key == right.key
                && !can_meet(&[left.bounds.as_slice(), &right.bounds].concat())
        };
        left.iter().any(|left| right.iter().any(|right| apart(left, right)))
    }
}

fn asked(ruleset: &Ruleset, clause: &Clause, slots: usize, parameters: &Parameters) -> Vec<Asked> {
    let mut parts = Vec::new();
    flatten(&clause.when, &mut parts);
    let fixed = |term: &Term| match term {
        Term::Constant(constant) => Some(constant.clone()),
        Term::Parameter(parameter) => parameters[*parameter].clone().map(Constant::Value),
        Term::Var(_) => None,
    };
    let value = |term: &Term| match fixed(term) {
        Some(Constant::Value(value)) => Some(value),
        _ => None,
    };
    let mut found = Vec::new();
    for part in &parts {
        let Cond::Atom(atom) = part else { continue };
        let AtomSource::Relation(relation) = atom.source else { continue };
        let Some(open) = ruleset.relations[relation].open else { continue };
        let key = |(_, term): (usize, &Term)| match term {
            Term::Var(var) => (var.index() < slots).then_some(Key::Subject(var.index())),
            other => fixed(other).map(Key::Fixed),
        };
        let key: Option<Vec<Key>> =
            atom.args.iter().enumerate().filter(|(slot, _)| *slot != open).map(key).collect();
        let bounds = match as_var(&atom.args[open]) {
            Some(var) => compared(&parts, var, &value),
            None => value(&atom.args[open]).map(|value| (CompareOp::Eq, value)).into_iter().collect(),
        };
        if let (Some(key), false) = (key, bounds.is_empty()) {
            found.push(Asked { relation, key, bounds });
        }
    }
    found
}

fn flatten<'c>(cond: &'c Cond, out: &mut Vec<&'c Cond>) {
    match cond {
        Cond::And(parts) => parts.iter().for_each(|part| flatten(part, out)),
        other => out.push(other),
    }
}

/// The comparisons of a variable with constants.
fn compared(parts: &[&Cond], var: VarId, value: &dyn Fn(&Term) -> Option<Value>) -> Vec<(CompareOp, Value)> {
    let bound = |part: &&Cond| match part {
        Cond::Compare { lhs: Expr::Term(lhs), op, rhs: Expr::Term(rhs), .. } => {
            if as_var(lhs) == Some(var) {
                value(rhs).map(|value| (*op, value))
            } else if as_var(rhs) == Some(var) {
                value(lhs).map(|value| (op.mirrored(), value))
            } else {
                None
            }
        }
        _ => None,
    };
    parts.iter().filter_map(bound).collect()
}

fn meets(candidate: &Value, (op, bound): &(CompareOp, Value)) -> bool {
    match op {
        CompareOp::Eq => candidate == bound,
        CompareOp::Ne => candidate != bound,
        CompareOp::Lt => candidate < bound,
        CompareOp::Le => candidate <= bound,
        CompareOp::Gt => candidate > bound,
        CompareOp::Ge => candidate >= bound,
    }
}

/// Whether some value meets all comparisons. Numbers and texts lie dense; of dates there is a next.
fn can_meet(bounds: &[(CompareOp, Value)]) -> bool {
    let all = |candidate: &Value| bounds.iter().all(|bound| meets(candidate, bound));
    if let Some((_, value)) = bounds.iter().find(|(op, _)| *op == CompareOp::Eq) {
        return all(value);
    }
    if matches!(bounds.first(), Some((_, Value::Flag(_)))) {
        return all(&Value::Flag(false)) || all(&Value::Flag(true));
    }
    let whole: Vec<(CompareOp, Value)> = bounds.iter().map(inclusive).collect();
    let low = whole.iter().filter(|(op, _)| matches!(op, CompareOp::Gt | CompareOp::Ge));
    let high = whole.iter().filter(|(op, _)| matches!(op, CompareOp::Lt | CompareOp::Le));
    // Of two equal bounds the strict one counts, so it comes last and first.
    let low = low.max_by(|left, right| {
        left.1.cmp(&right.1).then((left.0 == CompareOp::Gt).cmp(&(right.0 == CompareOp::Gt)))
    });
    let high = high.min_by(|left, right| {
        left.1.cmp(&right.1).then((right.0 == CompareOp::Lt).cmp(&(left.0 == CompareOp::Lt)))
    });
    match (low, high) {
        (Some((_, low)), Some((_, high))) if low > high => false,
        (Some((_, low)), Some((_, high))) if low == high => all(low),
        _ => true,
    }
}

/// For dates, the bound that takes the day itself in.
fn inclusive((op, value): &(CompareOp, Value)) -> (CompareOp, Value) {
    let moved = |date: &Date, days| date.add_days(days).map(Value::Date);
    match (op, value) {
        (CompareOp::Gt, Value::Date(date)) => match moved(date, 1) {
            Some(next) => (CompareOp::Ge, next),
            None => (*op, value.clone()),
        },
        (CompareOp::Lt, Value::Date(date)) => match moved(date, -1) {
            Some(before) => (CompareOp::Le, before),
            None => (*op, value.clone()),
        },
        _ => (*op, value.clone()),
    }
}
