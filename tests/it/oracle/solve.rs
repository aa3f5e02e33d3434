//! All ways to meet a body, by trying everything.

use std::borrow::Cow;
use std::collections::BTreeSet;

use parallax::model::{
    Atom, AtomSource, BinaryOp, Clause, CompareOp, Cond, Constant, DateUnit, Expr, Term, VarId,
};
use parallax::value::{Decimal, Value};

use super::{Oracle, Out, Tuple};

type Env = Vec<Option<Constant>>;

impl Oracle<'_> {
    pub(super) fn solutions(&self, clause: &Clause, env: &[Option<Constant>], possible: bool) -> Vec<Env> {
        let ways = self.meet(&clause.when, env.to_vec(), possible);
        match &clause.unless {
            None => ways,
            Some(unless) => {
                ways.into_iter().filter(|env| self.meet(unless, env.clone(), !possible).is_empty()).collect()
            }
        }
    }

    fn meet(&self, cond: &Cond, env: Env, possible: bool) -> Vec<Env> {
        match cond {
            Cond::And(parts) => {
                let mut flat = Vec::new();
                flatten(parts, &mut flat);
                self.meet_all(&flat, env, possible)
            }
            Cond::Or(parts) => parts.iter().flat_map(|part| self.meet(part, env.clone(), possible)).collect(),
            Cond::Not(inner, _) => {
                if self.meet(inner, env.clone(), !possible).is_empty() {
                    vec![env]
                } else {
                    Vec::new()
                }
            }
            Cond::Atom(atom) => self
                .tuples(atom, possible)
                .iter()
                .filter_map(|tuple| self.unify(&atom.args, tuple, &env))
                .collect(),
            Cond::IsKind { term, kind, .. } => {
                let domain = self.ruleset.kinds[*kind].domain;
                let names = self.members[kind.0 as usize].iter();
                names
                    .filter_map(|name| {
                        let tuple = vec![Constant::Thing(domain, name.clone())];
                        self.unify(std::slice::from_ref(term), &tuple, &env)
                    })
                    .collect()
            }
            Cond::Let { var, value, .. } => match self.calculate(value, &env) {
                Some(value) => self.unify(&[Term::Var(*var)], &[value], &env).into_iter().collect(),
                None => Vec::new(),
            },
            Cond::Compare { lhs, op, rhs, .. } => {
                let met = match (self.calculate(lhs, &env), self.calculate(rhs, &env)) {
                    (Some(left), Some(right)) => match op {
                        CompareOp::Eq => left == right,
                        CompareOp::Ne => left != right,
                        CompareOp::Lt => left < right,
                        CompareOp::Le => left <= right,
                        CompareOp::Gt => left > right,
                        CompareOp::Ge => left >= right,
                    },
                    _ => false,
                };
                if met { vec![env] } else { Vec::new() }
            }
        }
    }

    /// All ways to meet every part. A part that looks at a word waits until no other part left can
    /// still give that word its value.
    fn meet_all(&self, parts: &[&Cond], env: Env, possible: bool) -> Vec<Env> {
        let sets = |find: fn(&Cond, &mut BTreeSet<VarId>)| -> Vec<BTreeSet<VarId>> {
            let one = |part: &&Cond| {
                let mut vars = BTreeSet::new();
                find(part, &mut vars);
                vars
            };
            parts.iter().map(one).collect()
        };
        let (seen, given) = (sets(looks_at), sets(positive));
        let mut left: Vec<usize> = (0..parts.len()).collect();
        let mut ways = vec![env];
        while !left.is_empty() && !ways.is_empty() {
            let open = |var: &VarId| ways.iter().any(|env| env[var.0 as usize].is_none());
            let waits = |at: usize| {
                let coming =
                    |var: &VarId| left.iter().any(|other| *other != at && given[*other].contains(var));
                seen[at].iter().any(|var| coming(var) && open(var))
            };
            let next = left.iter().position(|at| !waits(*at)).expect("no two values need each other");
            let part = parts[left.remove(next)];
            ways = ways.into_iter().flat_map(|env| self.meet(part, env, possible)).collect();
        }
        ways
    }

    fn unify(&self, terms: &[Term], tuple: &[Constant], env: &Env) -> Option<Env> {
        // Most tuples fail at once, so nothing is copied before all that is known fits.
        let fits = |(term, value): (&Term, &Constant)| match term {
            Term::Var(var) => env[var.0 as usize].as_ref().is_none_or(|known| known == value),
            Term::Constant(constant) => constant == value,
            Term::Parameter(_) => self.value(term, env) == *value,
        };
        if !terms.iter().zip(tuple).all(fits) {
            return None;
        }
        let mut env = env.clone();
        for (term, value) in terms.iter().zip(tuple) {
            let Term::Var(var) = term else { continue };
            match &env[var.0 as usize] {
                Some(known) if known != value => return None,
                Some(_) => {}
                None => env[var.0 as usize] = Some(value.clone()),
            }
        }
        Some(env)
    }

    fn tuples(&self, atom: &Atom, possible: bool) -> Cow<'_, BTreeSet<Tuple>> {
        match &atom.source {
            AtomSource::Relation(relation) => {
                let both = &self.answers.relations[relation];
                Cow::Borrowed(if possible { &both.possible } else { &both.certain })
            }
            AtomSource::Verdict { question, verdict, needed, lenses } => {
                let wanted = Out::Verdict(*verdict);
                if self.ruleset.questions[*question].among.is_none() {
                    let local = |lens: &parallax::model::LensId, subject: &Tuple| {
                        self.answers.local[lens].get(subject).is_some_and(|(open, certain)| {
                            open.contains(&wanted) && (possible || open.len() == 1 && *certain)
                        })
                    };
                    let all: BTreeSet<&Tuple> =
                        lenses.iter().flat_map(|lens| self.answers.local[lens].keys()).collect();
                    let enough = |subject: &&&Tuple| {
                        lenses.iter().filter(|lens| local(lens, subject)).count() >= *needed as usize
                    };
                    return Cow::Owned(all.iter().filter(enough).map(|subject| (*subject).clone()).collect());
                }
                Cow::Owned(self.subjects(*question, possible, |subject| {
                    let says = lenses.iter().filter(|lens| {
                        let open = &self.answers.lenses[lens][subject];
                        open.contains(&wanted) && (possible || open.len() == 1)
                    });
                    says.count() >= *needed as usize
                }))
            }
            AtomSource::Disagree { question, left, right } => {
                Cow::Owned(self.subjects(*question, possible, |subject| {
                    let (left, right) =
                        (&self.answers.lenses[left][subject], &self.answers.lenses[right][subject]);
                    if possible { left.len() > 1 || left != right } else { left.is_disjoint(right) }
                }))
            }
        }
    }

    fn subjects(
        &self,
        question: parallax::model::QuestionId,
        possible: bool,
        meets: impl Fn(&Tuple) -> bool,
    ) -> BTreeSet<Tuple> {
        let population = &self.answers.populations[&question];
        let all = if possible { &population.possible } else { &population.certain };
        all.iter().filter(|subject| meets(subject)).cloned().collect()
    }

    fn calculate(&self, expr: &Expr, env: &Env) -> Option<Constant> {
        let number = |expr: &Expr| match self.calculate(expr, env)? {
            Constant::Value(Value::Number(number)) => Some(number),
            _ => None,
        };
        let wrap = |number: Decimal| Some(Constant::Value(Value::Number(number)));
        match expr {
            Expr::Term(term) => Some(self.value(term, env)),
            Expr::Negate(x) => wrap(-number(x)?),
            Expr::Binary(op, x, y) => {
                let (x, y) = (number(x)?, number(y)?);
                let result = match op {
                    BinaryOp::Add => x.checked_add(y),
                    BinaryOp::Subtract => x.checked_sub(y),
                    BinaryOp::Multiply => x.checked_mul(y),
                    BinaryOp::Divide => x.checked_div(y),
                    BinaryOp::Power => x.checked_pow(y),
                };
                wrap(result.ok()?)
            }
            Expr::DaysBetween(x, y) => match (self.calculate(x, env)?, self.calculate(y, env)?) {
                (Constant::Value(Value::Date(x)), Constant::Value(Value::Date(y))) => {
                    wrap(x.days_since(y).into())
                }
                _ => None,
            },
            Expr::Shift { date, amount, unit, back } => {
                let Constant::Value(Value::Date(date)) = self.calculate(date, env)? else { return None };
                let amount = number(amount)?.to_i64()?;
                let amount = if *back { -amount } else { amount };
                let moved = match unit {
                    DateUnit::Days => date.add_days(amount),
                    DateUnit::Months => date.add_months(amount),
                    DateUnit::Years => date.add_years(amount),
                };
                moved.map(|date| Constant::Value(Value::Date(date)))
            }
        }
    }
}

fn flatten<'c>(parts: &'c [Cond], out: &mut Vec<&'c Cond>) {
    for part in parts {
        match part {
            Cond::And(inner) => flatten(inner, out),
            other => out.push(other),
        }
    }
}

/// The variables a part needs the values of, where it can have them: those of its calculations and
/// negative parts. (A sentence needs none: it gives values, or meets those that are there.)
fn looks_at(cond: &Cond, out: &mut BTreeSet<VarId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| looks_at(part, out)),
        Cond::Not(inner, _) => {
            positive_anywhere(inner, out);
            looks_at(inner, out);
        }
        Cond::Compare { lhs, rhs, .. } => {
            expr_vars(lhs, out);
            expr_vars(rhs, out);
        }
        Cond::Let { value, .. } => expr_vars(value, out),
        Cond::Atom(_) | Cond::IsKind { .. } => {}
    }
}

/// The variables that sentences name, in whatever branch.
fn positive_anywhere(cond: &Cond, out: &mut BTreeSet<VarId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| positive_anywhere(part, out)),
        other => positive(other, out),
    }
}

fn expr_vars(expr: &Expr, out: &mut BTreeSet<VarId>) {
    match expr {
        Expr::Term(Term::Var(var)) => {
            out.insert(*var);
        }
        Expr::Term(Term::Constant(_) | Term::Parameter(_)) => {}
        Expr::Negate(x) => expr_vars(x, out),
        Expr::Binary(_, x, y) | Expr::DaysBetween(x, y) => {
            expr_vars(x, out);
            expr_vars(y, out);
        }
        Expr::Shift { date, amount, .. } => {
            expr_vars(date, out);
            expr_vars(amount, out);
        }
    }
}

/// The variables a body names outside negative parts.
pub(super) fn positive(cond: &Cond, out: &mut BTreeSet<VarId>) {
    let mut add = |term: &Term| {
        if let Term::Var(var) = term {
            out.insert(*var);
        }
    };
    match cond {
        Cond::And(parts) => parts.iter().for_each(|part| positive(part, out)),
        Cond::Or(parts) => {
            let branches: Vec<BTreeSet<VarId>> = parts
                .iter()
                .map(|part| {
                    let mut own = BTreeSet::new();
                    positive(part, &mut own);
                    own
                })
                .collect();
            if let Some((first, rest)) = branches.split_first() {
                out.extend(first.iter().filter(|var| rest.iter().all(|branch| branch.contains(var))));
            }
        }
        Cond::Atom(atom) => atom.args.iter().for_each(add),
        Cond::IsKind { term, .. } => add(term),
        Cond::Let { var, .. } => add(&Term::Var(*var)),
        Cond::Not(..) | Cond::Compare { .. } => {}
    }
}
