//! All ways to meet a body, by trying everything.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use parallax::builtin::AggregateKind;
use parallax::model::{
    Aggregate, Atom, AtomSource, BinaryOp, Clause, CompareOp, Cond, Constant, DateUnit, Expr, Term, VarId,
};
use parallax::value::{Date, Decimal, Value};

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
            Cond::Atom(atom) => {
                let possible = possible && !atom.known;
                let asked = self.knowing.filter(|_| atom.known).unwrap_or(self);
                let tuples = asked.tuples(atom, possible);
                tuples.iter().filter_map(|tuple| self.unify(&atom.args, tuple, &env, possible)).collect()
            }
            Cond::Stated { var, .. } => {
                if env[var.0 as usize] == Some(missing()) {
                    Vec::new()
                } else {
                    vec![env]
                }
            }
            Cond::IsKind { term, kind, .. } => {
                let domain = self.ruleset.kinds[*kind].domain;
                let names = self.members[kind.0 as usize].iter();
                names
                    .filter_map(|name| {
                        let tuple = vec![Constant::Thing(domain, name.clone())];
                        self.unify(std::slice::from_ref(term), &tuple, &env, false)
                    })
                    .collect()
            }
            Cond::Let { var, value, .. } => {
                let value = match self.calculate(value, &env) {
                    Calc::Value(value) => value,
                    Calc::Missing | Calc::Between(_, _, false) => missing(),
                    Calc::Between(_, _, true) | Calc::PerhapsMissing if possible => missing(),
                    Calc::Between(..) | Calc::PerhapsMissing | Calc::Nothing | Calc::Failed => {
                        return Vec::new();
                    }
                };
                let mut env = env;
                env[var.0 as usize] = Some(value);
                vec![env]
            }
            Cond::Compare { lhs, op, rhs, .. } => {
                let (lhs, rhs) = (self.calculate(lhs, &env), self.calculate(rhs, &env));
                if compare(&lhs, *op, &rhs, possible) { vec![env] } else { Vec::new() }
            }
        }
    }

    /// All ways to meet every part. A part that looks at a word waits until no other part left can
    /// still give that word its value.
    fn meet_all(&self, parts: &[&Cond], env: Env, possible: bool) -> Vec<Env> {
        // A choice is each of its branches with all the rest.
        if let Some((at, branches)) = parts.iter().enumerate().find_map(|(at, part)| match part {
            Cond::Or(branches) => Some((at, branches)),
            _ => None,
        }) {
            let with = |branch| {
                let mut flat: Vec<&Cond> = parts.to_vec();
                flat.remove(at);
                flatten(std::slice::from_ref(branch), &mut flat);
                self.meet_all(&flat, env.clone(), possible)
            };
            return branches.iter().flat_map(with).collect();
        }
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
            let open = |var: &VarId| {
                ways.iter().any(|env| env[var.0 as usize].as_ref().is_none_or(|value| *value == missing()))
            };
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

    /// The words with what a tuple gives them, where they fit. What is missing fits where what is
    /// possible is asked, and a word then carries what is stated.
    fn unify(&self, terms: &[Term], tuple: &[Constant], env: &Env, possible: bool) -> Option<Env> {
        let mut env = Cow::Borrowed(env);
        for (term, value) in terms.iter().zip(tuple) {
            let known = match term {
                Term::Var(var) => env[var.0 as usize].clone(),
                other => Some(self.value(other, &env)),
            };
            let carried = match known {
                None => value.clone(),
                Some(known) if known == missing() || *value == missing() => {
                    if !possible {
                        return None;
                    }
                    if known == missing() { value.clone() } else { known }
                }
                Some(known) if known == *value => continue,
                Some(_) => return None,
            };
            if let Term::Var(var) = term {
                env.to_mut()[var.0 as usize] = Some(carried);
            }
        }
        Some(env.into_owned())
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

    fn calculate(&self, expr: &Expr, env: &Env) -> Calc {
        let parts: Vec<&Expr> = match expr {
            Expr::Term(term) => {
                let value = self.value(term, env);
                return if value == missing() { Calc::Missing } else { Calc::Value(value) };
            }
            Expr::Aggregate(aggregate) => return self.aggregate(aggregate, env),
            Expr::Negate(x) => vec![x],
            Expr::Binary(_, x, y) | Expr::DaysBetween(x, y) => vec![x, y],
            Expr::Shift { date, amount, .. } => vec![date, amount],
            Expr::Call(_, args) => args.iter().collect(),
        };
        let parts: Vec<Calc> = parts.into_iter().map(|part| self.calculate(part, env)).collect();
        if parts.contains(&Calc::Failed) {
            return Calc::Failed;
        }
        if parts.contains(&Calc::Nothing) {
            return Calc::Nothing;
        }
        if parts.iter().any(|part| matches!(part, Calc::Between(_, _, true) | Calc::PerhapsMissing)) {
            return Calc::PerhapsMissing;
        }
        let values: Vec<Value> = parts
            .iter()
            .filter_map(|part| match part {
                Calc::Value(Constant::Value(value)) => Some(value.clone()),
                _ => None,
            })
            .collect();
        if values.len() < parts.len() {
            return Calc::Missing;
        }
        worked_out(expr, &values).map_or(Calc::Failed, |value| Calc::Value(Constant::Value(value)))
    }

    /// Every way to meet the body, certain and possible; then what the aggregate lies between.
    fn aggregate(&self, aggregate: &Aggregate, env: &Env) -> Calc {
        let (Some(certain), Some(possible)) =
            (self.members(aggregate, env, false), self.members(aggregate, env, true))
        else {
            return Calc::Failed;
        };
        let unclear = |key: &Tuple| possible.get(key).is_some_and(|values| Some(values) != certain.get(key));
        let twice = possible.values().any(|values| values.len() > 1);
        if twice || possible.values().flatten().any(Option::is_none) || certain.keys().any(unclear) {
            return Calc::Missing;
        }
        let list = |members: &Members| -> Vec<(Decimal, Decimal)> {
            members.values().flatten().flatten().copied().collect()
        };
        let extra: Vec<(Decimal, Decimal)> = possible
            .iter()
            .filter(|(key, _)| !certain.contains_key(*key))
            .flat_map(|(_, values)| values.iter().flatten().copied())
            .collect();
        let sure = list(&certain);
        let of = |members: &[(Decimal, Decimal)]| aggregated(aggregate.kind, members);
        let number = |of: Decimal| match aggregate.kind {
            AggregateKind::Min | AggregateKind::Max if self.is_date(&aggregate.value, aggregate, env) => {
                let days = of.in_units(0).and_then(|days| i32::try_from(days).ok());
                Constant::Value(Value::Date(days.and_then(Date::from_days).expect("a day")))
            }
            _ => number(of),
        };
        let single = |value: Option<Decimal>| value.map_or(Calc::Nothing, |value| Calc::Value(number(value)));
        if extra.is_empty() {
            return single(of(&sure));
        }
        let between = |low: Decimal, high: Decimal, perhaps: bool| {
            if low == high && !perhaps {
                Calc::Value(number(low))
            } else {
                Calc::Between(number(low), number(high), perhaps)
            }
        };
        let with = |chosen: &dyn Fn(usize) -> bool| {
            let mut members = sure.clone();
            members.extend((0..extra.len()).filter(|at| chosen(*at)).map(|at| extra[at]));
            of(&members)
        };
        let zero = Decimal::from(0);
        let results: Vec<Option<Decimal>> = if extra.len() <= 12 {
            // Every choice of the doubtful members.
            (0..1_u32 << extra.len()).map(|choice| with(&|at| choice >> at & 1 == 1)).collect()
        } else {
            // None, one, all, and those that make a sum greater or less: the ends are among these.
            let alone = (0..extra.len()).map(|only| with(&|at| at == only));
            let makes_less = |at: usize| (extra[at].0 < zero) != (extra[at].1 < zero);
            let others = [with(&|_| false), with(&|_| true), with(&makes_less), with(&|at| !makes_less(at))];
            alone.chain(others).collect()
        };
        if matches!(aggregate.kind, AggregateKind::Average | AggregateKind::Median) {
            return Calc::Missing;
        }
        let found: Vec<Decimal> = results.iter().flatten().copied().collect();
        let (low, high) = (found.iter().min(), found.iter().max());
        match (low, high) {
            (Some(low), Some(high)) => between(*low, *high, results.contains(&None)),
            _ => Calc::Nothing,
        }
    }

    /// Whether what is aggregated are dates.
    fn is_date(&self, value: &Expr, aggregate: &Aggregate, env: &Env) -> bool {
        let is =
            |way: &Env| matches!(self.calculate(value, way), Calc::Value(Constant::Value(Value::Date(_))));
        self.meet(&aggregate.body, env.clone(), true).iter().any(is)
    }

    /// Per combination the values and weights it has; nothing where a certain one has two.
    fn members(&self, aggregate: &Aggregate, env: &Env, possible: bool) -> Option<Members> {
        let mut read = BTreeSet::new();
        expr_vars(&aggregate.value, &mut read);
        let keys: Vec<VarId> = if aggregate.each.is_empty() {
            read.into_iter().filter(|var| aggregate.owns(*var)).collect()
        } else {
            aggregate.each.clone()
        };
        let mut members = Members::new();
        for way in self.meet(&aggregate.body, env.clone(), possible) {
            let key: Tuple = keys.iter().map(|var| way[var.0 as usize].clone().expect("bound")).collect();
            let plain = |expr: &Expr| match self.calculate(expr, &way) {
                Calc::Value(Constant::Value(Value::Number(number))) => Some(number),
                Calc::Value(Constant::Value(Value::Date(date))) => {
                    Some(Decimal::from(i64::from(date.days())))
                }
                _ => None,
            };
            let one = Decimal::from(1);
            let value = if key.contains(&missing()) {
                None
            } else if aggregate.kind == AggregateKind::Count {
                Some((one, one))
            } else {
                let weight = aggregate.weight.as_ref().map_or(Some(one), plain);
                plain(&aggregate.value).zip(weight)
            };
            members.entry(key).or_default().insert(value);
        }
        let clash = |values: &BTreeSet<Option<(Decimal, Decimal)>>| values.iter().flatten().count() > 1;
        if !possible && members.values().any(clash) { None } else { Some(members) }
    }
}

/// Per combination its values with their weights.
type Members = BTreeMap<Tuple, BTreeSet<Option<(Decimal, Decimal)>>>;

/// What stands for a value nobody stated: no generated text is like it.
pub fn missing() -> Constant {
    Constant::Value(Value::Text("\u{1}missing".into()))
}

/// What a calculation comes to.
#[derive(Clone, PartialEq, Debug)]
enum Calc {
    Value(Constant),
    /// From, to, perhaps nothing.
    Between(Constant, Constant, bool),
    Missing,
    /// The same, or nothing.
    PerhapsMissing,
    /// The aggregate of nothing.
    Nothing,
    Failed,
}

fn number(number: Decimal) -> Constant {
    Constant::Value(Value::Number(number))
}

fn aggregated(kind: AggregateKind, members: &[(Decimal, Decimal)]) -> Option<Decimal> {
    let add = |x: Decimal, y: Decimal| x.checked_add(y).expect("small numbers");
    let sum = |terms: &mut dyn Iterator<Item = Decimal>| terms.fold(Decimal::ZERO, add);
    let weighted = members.iter().map(|(value, weight)| value.checked_mul(*weight).expect("small numbers"));
    let weights = sum(&mut members.iter().map(|(_, weight)| *weight));
    match kind {
        AggregateKind::Count => Some(Decimal::from(members.len() as i64)),
        AggregateKind::Sum => Some(sum(&mut { weighted })),
        AggregateKind::Average => sum(&mut { weighted }).checked_div(weights).ok(),
        AggregateKind::Min => members.iter().map(|(value, _)| *value).min(),
        AggregateKind::Max => members.iter().map(|(value, _)| *value).max(),
        AggregateKind::Median => {
            let half = weights.checked_div(Decimal::from(2)).expect("not zero");
            let mut values: Vec<(Decimal, Decimal)> = members.to_vec();
            values.retain(|(_, weight)| *weight != Decimal::ZERO);
            values.sort();
            let below = |at: usize| sum(&mut values[..=at].iter().map(|(_, weight)| *weight));
            let at = (0..values.len()).find(|at| below(*at) >= half)?;
            let next = values.get(at + 1).filter(|_| below(at) == half);
            Some(match next {
                Some((next, _)) => add(values[at].0, *next).checked_div(Decimal::from(2)).expect("not zero"),
                None => values[at].0,
            })
        }
    }
}

/// Whether two sides compare so: some two values of theirs (possible), or all (certain).
fn compare(lhs: &Calc, op: CompareOp, rhs: &Calc, possible: bool) -> bool {
    let holds = |order: Ordering| match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    };
    let ends = |side: &Calc| match side {
        Calc::Value(value) => Some((value.clone(), value.clone(), false)),
        Calc::Between(low, high, perhaps) => Some((low.clone(), high.clone(), *perhaps)),
        _ => None,
    };
    if [lhs, rhs].iter().any(|side| matches!(side, Calc::Nothing | Calc::Failed)) {
        return false;
    }
    let (Some((a, b, nothing)), Some((c, d, nowhere))) = (ends(lhs), ends(rhs)) else { return possible };
    // What orders can come up between [a, b] and [c, d].
    let mut orders = BTreeSet::new();
    if a < d {
        orders.insert(Ordering::Less);
    }
    if b > c {
        orders.insert(Ordering::Greater);
    }
    if a <= d && c <= b {
        orders.insert(Ordering::Equal);
    }
    if possible {
        orders.into_iter().any(holds)
    } else {
        !nothing && !nowhere && orders.into_iter().all(holds)
    }
}

fn worked_out(expr: &Expr, values: &[Value]) -> Option<Value> {
    let number = |at: usize| match &values[at] {
        Value::Number(number) => Some(*number),
        _ => None,
    };
    let date = |at: usize| match &values[at] {
        Value::Date(date) => Some(*date),
        _ => None,
    };
    let text = |at: usize| match &values[at] {
        Value::Text(text) => Some(&**text),
        _ => None,
    };
    match expr {
        Expr::Negate(_) => Some(Value::Number(-number(0)?)),
        Expr::Binary(op, ..) => {
            let (x, y) = (number(0)?, number(1)?);
            let result = match op {
                BinaryOp::Add => x.checked_add(y),
                BinaryOp::Subtract => x.checked_sub(y),
                BinaryOp::Multiply => x.checked_mul(y),
                BinaryOp::Divide => x.checked_div(y),
                BinaryOp::Power => x.checked_pow(y),
            };
            result.ok().map(Value::Number)
        }
        Expr::DaysBetween(..) => Some(Value::Number(date(0)?.days_since(date(1)?).into())),
        Expr::Shift { unit, back, .. } => {
            let amount = number(1)?.to_i64()?;
            let amount = if *back { -amount } else { amount };
            let moved = match unit {
                DateUnit::Days => date(0)?.add_days(amount),
                DateUnit::Months => date(0)?.add_months(amount),
                DateUnit::Years => date(0)?.add_years(amount),
            };
            moved.map(Value::Date)
        }
        Expr::Call(function, _) => match function.name {
            "abs" => Some(Value::Number(if number(0)? < Decimal::ZERO { -number(0)? } else { number(0)? })),
            "least" => values.iter().min().cloned(),
            "greatest" => values.iter().max().cloned(),
            "lower" => Some(Value::Text(text(0)?.to_lowercase().as_str().into())),
            "trim" => Some(Value::Text(text(0)?.trim().into())),
            "length" => Some(Value::Number((text(0)?.chars().count() as i64).into())),
            "starts-with" => Some(Value::Flag(text(0)?.starts_with(text(1)?))),
            "ends-with" => Some(Value::Flag(text(0)?.ends_with(text(1)?))),
            "contains" => Some(Value::Flag(text(0)?.contains(text(1)?))),
            // What these mean for one set of values, their examples test.
            "matches" | "round" | "year" | "month" => (function.evaluate)(values).ok(),
            name => unreachable!("no ruleset compared here calls {name}"),
        },
        Expr::Term(_) | Expr::Aggregate(_) => unreachable!("worked out before"),
    }
}

pub(super) fn flatten<'c>(parts: &'c [Cond], out: &mut Vec<&'c Cond>) {
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
        Cond::Stated { var, .. } => _ = out.insert(*var),
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
        Expr::Call(_, args) => args.iter().for_each(|arg| expr_vars(arg, out)),
        Expr::Aggregate(aggregate) => {
            let mut inner = BTreeSet::new();
            expr_vars(&aggregate.value, &mut inner);
            aggregate.weight.iter().for_each(|weight| expr_vars(weight, &mut inner));
            looks_at(&aggregate.body, &mut inner);
            positive_anywhere(&aggregate.body, &mut inner);
            out.extend(inner.into_iter().filter(|var| !aggregate.owns(*var)));
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
        Cond::Not(..) | Cond::Compare { .. } | Cond::Stated { .. } => {}
    }
}
