//! Rows that no value of one key lets match together, by trying values.

use parallax::model::{AtomSource, CompareOp, Cond, Constant, Expr, LensId, RowId, Term};
use parallax::value::{Decimal, Value};

use super::Oracle;

/// Whether two of the rows never match together.
pub fn clash(oracle: &Oracle<'_>, lens: LensId, rows: &[usize]) -> bool {
    rows.iter()
        .enumerate()
        .any(|(at, left)| rows[at + 1..].iter().any(|right| apart(oracle, lens, *left, *right)))
}

type Asked = (String, Vec<(CompareOp, Decimal)>);

fn apart(oracle: &Oracle<'_>, lens: LensId, left: usize, right: usize) -> bool {
    let (left, right) = (asked(oracle, lens, left), asked(oracle, lens, right));
    let one = Decimal::from(1);
    let half = Decimal::parse("0.5").expect("a number");
    left.iter().any(|(key, own)| {
        right.iter().filter(|(other, _)| key == other).any(|(_, theirs)| {
            let all: Vec<(CompareOp, Decimal)> = own.iter().chain(theirs).copied().collect();
            let meets = |value: Decimal| {
                all.iter().all(|(op, bound)| match op {
                    CompareOp::Eq => value == *bound,
                    CompareOp::Ne => value != *bound,
                    CompareOp::Lt => value < *bound,
                    CompareOp::Le => value <= *bound,
                    CompareOp::Gt => value > *bound,
                    CompareOp::Ge => value >= *bound,
                })
            };
            let mut candidates = vec![];
            for (_, bound) in &all {
                candidates.push(*bound);
                candidates.push(bound.checked_add(one).expect("small"));
                candidates.push(bound.checked_sub(one).expect("small"));
                for (_, other) in &all {
                    candidates.push(
                        bound.checked_add(*other).and_then(|sum| sum.checked_mul(half)).expect("small"),
                    );
                }
            }
            !candidates.into_iter().any(meets)
        })
    })
}

/// Per key of an open relation what a row asks of its value.
fn asked(oracle: &Oracle<'_>, lens: LensId, row: usize) -> Vec<Asked> {
    let ruleset = oracle.ruleset;
    let clause = &ruleset.lenses[lens].rows[RowId(row as u32)].clause;
    let slots = ruleset.questions[ruleset.lenses[lens].question].slots.len() as u32;
    let mut parts = Vec::new();
    match &clause.when {
        Cond::And(inner) => super::solve::flatten(inner, &mut parts),
        other => parts.push(other),
    }
    let number = |term: &Term| match term {
        Term::Constant(Constant::Value(Value::Number(number))) => Some(*number),
        Term::Parameter(parameter) => match &oracle.parameters[parameter.0 as usize] {
            Value::Number(number) => Some(*number),
            _ => None,
        },
        _ => None,
    };
    let mut found = Vec::new();
    for part in &parts {
        let Cond::Atom(atom) = part else { continue };
        let AtomSource::Relation(relation) = atom.source else { continue };
        if ruleset.relations[relation].open != Some(1) {
            continue;
        }
        let key = match &atom.args[0] {
            Term::Var(var) if var.0 >= slots => continue,
            other => format!("{relation:?} {other:?}"),
        };
        let bounds: Vec<(CompareOp, Decimal)> = match &atom.args[1] {
            value @ Term::Var(_) => parts
                .iter()
                .filter_map(|part| match part {
                    Cond::Compare { lhs: Expr::Term(lhs), op, rhs: Expr::Term(rhs), .. } => {
                        if lhs == value {
                            number(rhs).map(|bound| (*op, bound))
                        } else if rhs == value {
                            number(lhs).map(|bound| (op.mirrored(), bound))
                        } else {
                            None
                        }
                    }
                    _ => None,
                })
                .collect(),
            value => number(value).map(|bound| (CompareOp::Eq, bound)).into_iter().collect(),
        };
        if !bounds.is_empty() {
            found.push((key, bounds));
        }
    }
    found
}
