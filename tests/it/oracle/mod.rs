//! A second evaluator, as plain as can be: nested loops over names, naive fixpoints, every choice of
//! doubtful rows tried. Shares nothing with the product but the model's types.

mod examples;
mod exclusive;
mod solve;

pub use solve::missing;

use std::collections::{BTreeMap, BTreeSet};

use parallax::model::{
    AtomSource, Clause, Cond, Constant, Keeping, LensId, Otherwise, Policy, QuestionId, RelationId, RowId,
    Ruleset, Statements, Term, Ty, VarId, VerdictId,
};
use parallax::value::Value;

/// A tuple of names and values.
pub type Tuple = Vec<Constant>;

/// What holds certainly and what possibly.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Both {
    pub certain: BTreeSet<Tuple>,
    pub possible: BTreeSet<Tuple>,
}

/// A settled outcome.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Out {
    Verdict(VerdictId),
    Conflict,
    None,
}

/// Everything worked out.
#[derive(Default)]
pub struct Answers {
    pub relations: BTreeMap<RelationId, Both>,
    pub populations: BTreeMap<QuestionId, Both>,
    pub lenses: BTreeMap<LensId, BTreeMap<Tuple, BTreeSet<Out>>>,
    /// Per lens and row, whom of the population it matches.
    pub rows: BTreeMap<LensId, Vec<Both>>,
    pub violations: Vec<Both>,
    /// Of questions without `among`: what the rows of a lens alone say of whom they match, and
    /// whether one matches certainly.
    pub local: BTreeMap<LensId, BTreeMap<Tuple, (BTreeSet<Out>, bool)>>,
}

pub struct Oracle<'r> {
    pub ruleset: &'r Ruleset,
    pub parameters: Vec<Value>,
    pub members: Vec<BTreeSet<String>>,
    pub answers: Answers,
    /// The world in which it is asked what is known, where this one is a completion of it.
    pub knowing: Option<&'r Oracle<'r>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Relation(RelationId),
    Population(QuestionId),
    Lens(LensId),
}

/// Works everything out. All parameters have a value.
pub fn answers(ruleset: &Ruleset, statements: &Statements, parameters: Vec<Value>) -> Answers {
    answers_with(ruleset, statements, parameters, members(ruleset, statements))
}

/// The same where the names of each kind are given: a completion of doubtful facts keeps those of
/// the facts it completes, for membership is read off what is stated (section 3).
pub fn answers_with(
    ruleset: &Ruleset,
    statements: &Statements,
    parameters: Vec<Value>,
    members: Vec<BTreeSet<String>>,
) -> Answers {
    worked(ruleset, statements, parameters, members, None).answers
}

/// A world in which other facts are stated than in `base`, while names stay of their kinds and what is known
/// stays known.
pub fn completed<'r>(base: &'r Oracle<'r>, statements: &Statements) -> Answers {
    worked(base.ruleset, statements, base.parameters.clone(), base.members.clone(), Some(base)).answers
}

/// A world worked out.
pub fn worked<'r>(
    ruleset: &'r Ruleset,
    statements: &Statements,
    parameters: Vec<Value>,
    members: Vec<BTreeSet<String>>,
    knowing: Option<&'r Oracle<'r>>,
) -> Oracle<'r> {
    let mut oracle = Oracle { ruleset, parameters, members, answers: Answers::default(), knowing };
    let stated = stated(ruleset, statements, &oracle.members);
    for group in oracle.order() {
        match group[0] {
            Node::Relation(_) => oracle.relations(&group, &stated),
            Node::Population(question) if ruleset.questions[question].among.is_some() => {
                oracle.population(question);
            }
            Node::Population(_) => {}
            Node::Lens(lens) if ruleset.questions[ruleset.lenses[lens].question].among.is_some() => {
                oracle.lens(lens);
            }
            Node::Lens(lens) => oracle.local(lens),
        }
    }
    for question in ruleset.questions.ids().filter(|question| ruleset.questions[*question].among.is_none()) {
        oracle.population(question);
        for lens in ruleset.lenses.ids().filter(|lens| ruleset.lenses[*lens].question == question) {
            oracle.lens(lens);
        }
    }

    let all: Vec<&Clause> = ruleset.nevers.iter().map(|never| &never.clause).collect();
    for clause in all {
        let shown: Vec<VarId> = oracle.named(clause);
        let both =
            Both { certain: oracle.ways(clause, &shown, false), possible: oracle.ways(clause, &shown, true) };
        oracle.answers.violations.push(both);
    }
    oracle
}

/// The names of each kind: by stated facts and statements, and at the root by doubtful facts too.
pub fn members(ruleset: &Ruleset, statements: &Statements) -> Vec<BTreeSet<String>> {
    let mut members = vec![BTreeSet::new(); ruleset.kinds.len()];
    let mut add = |kind: parallax::model::KindId, name: &str| {
        let mut at = Some(kind);
        while let Some(kind) = at {
            members[kind.0 as usize].insert(name.to_owned());
            at = ruleset.kinds[kind].parent;
        }
    };
    for fact in &statements.facts {
        for (slot, arg) in ruleset.relations[fact.relation].slots.iter().zip(&fact.args) {
            if let (Ty::Thing(kind), Constant::Thing(_, name)) = (slot.ty, arg) {
                add(if fact.maybe { ruleset.kinds[kind].root } else { kind }, name);
            }
        }
    }
    for kind in &statements.kinds {
        add(kind.kind, &kind.name);
    }
    members
}

fn stated(
    ruleset: &Ruleset,
    statements: &Statements,
    members: &[BTreeSet<String>],
) -> BTreeMap<RelationId, Both> {
    let mut stated: BTreeMap<RelationId, Both> =
        ruleset.relations.ids().map(|id| (id, Both::default())).collect();
    for fact in &statements.facts {
        let both = stated.get_mut(&fact.relation).expect("declared");
        both.possible.insert(fact.args.clone());
        if !fact.maybe {
            both.certain.insert(fact.args.clone());
        }
    }
    // Random rulesets have open relations of one thing and its value only.
    for (id, relation) in ruleset.relations.iter_enumerated() {
        let (Some(1), Ty::Thing(kind)) = (relation.open, relation.slots[0].ty) else { continue };
        let both = stated.get_mut(&id).expect("declared");
        for name in &members[kind.0 as usize] {
            let key = Constant::Thing(ruleset.kinds[kind].domain, name.clone());
            if both.certain.iter().all(|tuple| tuple[0] != key) {
                both.certain.insert(vec![key.clone(), missing()]);
                both.possible.insert(vec![key, missing()]);
            }
        }
    }
    stated
}

impl Oracle<'_> {
    /// Groups of nodes that need each other, what they need first.
    fn order(&self) -> Vec<Vec<Node>> {
        let mut needs: BTreeMap<Node, BTreeSet<Node>> = BTreeMap::new();
        for id in self.ruleset.relations.ids() {
            needs.entry(Node::Relation(id)).or_default();
        }
        for rule in &self.ruleset.rules {
            reads(&rule.clause, needs.entry(Node::Relation(rule.relation)).or_default());
        }
        for (id, question) in self.ruleset.questions.iter_enumerated() {
            let own = needs.entry(Node::Population(id)).or_default();
            question.among.iter().for_each(|among| reads(among, own));
        }
        for (id, lens) in self.ruleset.lenses.iter_enumerated() {
            let own = needs.entry(Node::Lens(id)).or_default();
            own.insert(Node::Population(lens.question));
            lens.rows.iter().for_each(|row| reads(&row.clause, own));
            if let Otherwise::As(other, _) = lens.otherwise {
                own.insert(Node::Lens(other));
            }
        }
        loop {
            let before: usize = needs.values().map(BTreeSet::len).sum();
            let copy = needs.clone();
            for own in needs.values_mut() {
                let more: Vec<Node> = own.iter().flat_map(|node| copy[node].iter().copied()).collect();
                own.extend(more);
            }
            if needs.values().map(BTreeSet::len).sum::<usize>() == before {
                break;
            }
        }
        let mut groups: Vec<Vec<Node>> = Vec::new();
        for node in needs.keys() {
            let mutual = |other: &Node| needs[node].contains(other) && needs[other].contains(node);
            match groups.iter_mut().find(|group| mutual(&group[0])) {
                Some(group) => group.push(*node),
                None => groups.push(vec![*node]),
            }
        }
        groups.sort_by_key(|group| needs[&group[0]].len());
        groups
    }

    fn relations(&mut self, group: &[Node], stated: &BTreeMap<RelationId, Both>) {
        let ids: Vec<RelationId> = group
            .iter()
            .map(|node| match node {
                Node::Relation(id) => *id,
                _ => unreachable!("relations are grouped with relations"),
            })
            .collect();
        for id in &ids {
            self.answers.relations.insert(*id, stated[id].clone());
        }
        for possible in [false, true] {
            loop {
                let mut next: BTreeMap<RelationId, BTreeSet<Tuple>> = BTreeMap::new();
                for id in &ids {
                    let both = &self.answers.relations[id];
                    next.insert(*id, if possible { both.possible.clone() } else { both.certain.clone() });
                }
                let before = next.clone();
                for rule in self.ruleset.rules.iter().filter(|rule| ids.contains(&rule.relation)) {
                    for env in self.solutions(&rule.clause, &vec![None; rule.clause.vars.len()], possible) {
                        let tuple = rule.head.iter().map(|term| self.value(term, &env)).collect();
                        next.get_mut(&rule.relation).expect("of the group").insert(tuple);
                    }
                }
                for (id, tuples) in &mut next {
                    self.keep(*id, tuples);
                }
                let done = next == before;
                for (id, tuples) in next {
                    let both = self.answers.relations.get_mut(&id).expect("of the group");
                    if possible { both.possible = tuples } else { both.certain = tuples }
                }
                if done {
                    break;
                }
            }
        }
        for id in ids {
            self.settle_kept(id);
        }
    }

    /// A kept value that doubtful facts could change, or that only they give, is missing.
    fn settle_kept(&mut self, id: RelationId) {
        let Some((_, slot)) = self.ruleset.relations[id].keeping else { return };
        let both = self.answers.relations.get_mut(&id).expect("of the group");
        let settled = |tuples: &BTreeSet<Tuple>| -> BTreeSet<Tuple> {
            let one = |tuple: &Tuple| {
                let mut tuple = tuple.clone();
                if !(both.certain.contains(&tuple) && both.possible.contains(&tuple)) {
                    tuple[slot] = missing();
                }
                tuple
            };
            tuples.iter().map(one).collect()
        };
        *both = Both { certain: settled(&both.certain), possible: settled(&both.possible) };
    }

    fn keep(&self, id: RelationId, tuples: &mut BTreeSet<Tuple>) {
        let Some((keeping, slot)) = self.ruleset.relations[id].keeping else { return };
        let mut best: BTreeMap<Tuple, Tuple> = BTreeMap::new();
        for tuple in tuples.iter() {
            let mut key = tuple.clone();
            key.remove(slot);
            let better = best.get(&key).is_none_or(|old| match keeping {
                Keeping::Fewest => tuple[slot] < old[slot],
                Keeping::Most => tuple[slot] > old[slot],
            });
            if better {
                best.insert(key, tuple.clone());
            }
        }
        *tuples = best.into_values().collect();
    }

    fn value(&self, term: &Term, env: &[Option<Constant>]) -> Constant {
        match term {
            Term::Var(var) => env[var.0 as usize].clone().expect("a conclusion's words have values"),
            Term::Constant(constant) => constant.clone(),
            Term::Parameter(parameter) => Constant::Value(self.parameters[parameter.0 as usize].clone()),
        }
    }

    fn slots(&self, question: QuestionId) -> Vec<VarId> {
        (0..self.ruleset.questions[question].slots.len() as u32).map(VarId).collect()
    }

    fn ways(&self, clause: &Clause, vars: &[VarId], possible: bool) -> BTreeSet<Tuple> {
        self.solutions(clause, &vec![None; clause.vars.len()], possible)
            .iter()
            .map(|env| vars.iter().map(|var| env[var.0 as usize].clone().expect("bound")).collect())
            .collect()
    }

    fn population(&mut self, question: QuestionId) {
        let slots = self.slots(question);
        let clauses: Vec<&Clause> = match &self.ruleset.questions[question].among {
            Some(among) => vec![among],
            None => {
                let lenses = self.ruleset.lenses.iter().filter(|lens| lens.question == question);
                lenses.flat_map(|lens| lens.rows.iter().map(|row| &row.clause)).collect()
            }
        };
        let mut both = Both::default();
        for clause in clauses {
            both.certain.extend(self.ways(clause, &slots, false));
            both.possible.extend(self.ways(clause, &slots, true));
        }
        self.answers.populations.insert(question, both);
    }

    fn local(&mut self, id: LensId) {
        let lens = &self.ruleset.lenses[id];
        let slots = self.slots(lens.question);
        let mut subjects = BTreeSet::new();
        for row in &lens.rows {
            subjects.extend(self.ways(&row.clause, &slots, true));
        }
        let mut table = BTreeMap::new();
        for subject in subjects {
            let (certain, possible) = (self.matching(id, &subject, false), self.matching(id, &subject, true));
            let (outcomes, _) = self.row_outcomes(id, &certain, &possible);
            table.insert(subject, (outcomes, !certain.is_empty()));
        }
        self.answers.local.insert(id, table);
    }

    fn lens(&mut self, id: LensId) {
        let lens = &self.ruleset.lenses[id];
        let subjects = self.answers.populations[&lens.question].possible.clone();
        let mut table = BTreeMap::new();
        let mut rows = vec![Both::default(); lens.rows.len()];
        for subject in subjects {
            let (certain, possible) = (self.matching(id, &subject, false), self.matching(id, &subject, true));
            certain.iter().for_each(|row| _ = rows[*row].certain.insert(subject.clone()));
            possible.iter().for_each(|row| _ = rows[*row].possible.insert(subject.clone()));
            let (mut outcomes, open) = self.row_outcomes(id, &certain, &possible);
            if open {
                match lens.otherwise {
                    Otherwise::Nothing => {
                        outcomes.insert(Out::None);
                    }
                    Otherwise::Verdict(verdict, _) => {
                        outcomes.insert(Out::Verdict(verdict));
                    }
                    Otherwise::As(other, _) => outcomes.extend(&self.answers.lenses[&other][&subject]),
                }
            }
            table.insert(subject, outcomes);
        }
        self.answers.rows.insert(id, rows);
        self.answers.lenses.insert(id, table);
    }

    /// The rows that match a subject.
    fn matching(&self, id: LensId, subject: &Tuple, possible: bool) -> Vec<usize> {
        let rows = self.ruleset.lenses[id].rows.iter().enumerate().filter(|(_, row)| {
            let mut env = vec![None; row.clause.vars.len()];
            for (slot, name) in env.iter_mut().zip(subject) {
                *slot = Some(name.clone());
            }
            !self.solutions(&row.clause, &env, possible).is_empty()
        });
        rows.map(|(at, _)| at).collect()
    }

    /// The outcomes rows give when each possible row, for itself, matches or not; and whether no row
    /// may be left.
    fn row_outcomes(&self, id: LensId, certain: &[usize], possible: &[usize]) -> (BTreeSet<Out>, bool) {
        let doubtful: Vec<usize> = possible.iter().copied().filter(|row| !certain.contains(row)).collect();
        let mut outcomes: BTreeSet<Out> = BTreeSet::new();
        let mut open = false;
        for choice in 0..1_u32 << doubtful.len() {
            let chosen =
                doubtful.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1).map(|(_, row)| *row);
            let mut rows: Vec<usize> = certain.iter().copied().chain(chosen).collect();
            rows.sort_unstable();
            if exclusive::clash(self, id, &rows) {
                continue;
            }
            match self.settle(id, &rows) {
                Some(out) => {
                    outcomes.insert(out);
                }
                None => open = true,
            }
        }
        (outcomes, open)
    }

    /// What the policy gives when just these rows match; nothing where none does.
    fn settle(&self, id: LensId, rows: &[usize]) -> Option<Out> {
        let lens = &self.ruleset.lenses[id];
        let verdict = |row: usize| lens.rows[RowId(row as u32)].verdict;
        let deciding: Vec<usize> = match &lens.policy {
            Policy::FirstMatch => rows.first().copied().into_iter().collect(),
            Policy::Unique { overrides } => {
                let out = |weak: usize| {
                    let beats =
                        |strong: &usize| overrides.contains(&(RowId(*strong as u32), RowId(weak as u32)));
                    rows.iter().any(beats)
                };
                rows.iter().copied().filter(|row| !out(*row)).collect()
            }
        };
        let verdicts: BTreeSet<VerdictId> = deciding.into_iter().map(verdict).collect();
        match verdicts.len() {
            0 => None,
            1 => verdicts.first().copied().map(Out::Verdict),
            _ => Some(Out::Conflict),
        }
    }

    /// The words of a constraint that are shown: given a value outside negative parts, not `any`.
    fn named(&self, clause: &Clause) -> Vec<VarId> {
        let mut found = BTreeSet::new();
        solve::positive(&clause.when, &mut found);
        let _ = self;
        found.into_iter().filter(|var| !clause.vars[*var].any).collect()
    }
}

fn reads(clause: &Clause, out: &mut BTreeSet<Node>) {
    reads_cond(&clause.when, out);
    clause.unless.iter().for_each(|unless| reads_cond(unless, out));
}

fn reads_cond(cond: &Cond, out: &mut BTreeSet<Node>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| reads_cond(part, out)),
        Cond::Not(inner, _) => reads_cond(inner, out),
        Cond::Atom(atom) => match &atom.source {
            AtomSource::Relation(relation) => {
                out.insert(Node::Relation(*relation));
            }
            AtomSource::Verdict { lenses, .. } => out.extend(lenses.iter().map(|lens| Node::Lens(*lens))),
            AtomSource::Disagree { left, right, .. } => out.extend([Node::Lens(*left), Node::Lens(*right)]),
        },
        Cond::Compare { .. } | Cond::Let { .. } | Cond::IsKind { .. } | Cond::Stated { .. } => {}
    }
    cond.aggregated(&mut |body| reads_cond(body, out));
}
