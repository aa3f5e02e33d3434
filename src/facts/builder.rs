//! Gathers stated facts of one world: interns, drops duplicates, works out who is of which kind.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use rustc_hash::FxBuildHasher;

use super::{Dictionary, FactSet, MISSING, Origin, StoredFacts, TableRead, Tuples};
use crate::base::BitSet;
use crate::diag::{Code, DataPlace, Diagnostic, Severity};
use crate::model::{BadRows, Constant, DomainId, KindId, RelationId, Ruleset, Statements, Ty};

/// The most keys an open relation may have, stated and missing.
const MOST_KEYS: usize = 50_000_000;

/// Calls `visit` with each way to take one id of each list.
fn combine(lists: &[Vec<u32>], taken: &mut Vec<u32>, visit: &mut dyn FnMut(&[u32])) {
    let Some(list) = lists.get(taken.len()) else { return visit(taken) };
    for id in list {
        taken.push(*id);
        combine(lists, taken, visit);
        taken.pop();
    }
}

/// Builds a `FactSet` for one ruleset.
pub struct FactSetBuilder<'r> {
    ruleset: &'r Ruleset,
    facts: FactSet,
}

impl<'r> FactSetBuilder<'r> {
    /// A world without facts.
    pub fn new(ruleset: &'r Ruleset) -> Self {
        let dictionaries = Dictionary::all(ruleset);
        let relations = ruleset
            .relations
            .iter()
            .map(|relation| StoredFacts {
                certain: Tuples::new(relation.slots.len()),
                maybe: Tuples::new(relation.slots.len()),
            })
            .collect();
        Self {
            ruleset,
            facts: FactSet {
                dictionaries,
                relations,
                members: ruleset.kinds.iter().map(|_| BitSet::default()).collect(),
                reads: Vec::new(),
            },
        }
    }

    /// States a fact; the constants fit the relation's slots.
    pub fn state(&mut self, relation: RelationId, args: &[Constant], maybe: bool, origin: Origin) {
        let ruleset = self.ruleset;
        let ids: Vec<u32> = ruleset.relations[relation]
            .slots
            .iter()
            .zip(args)
            .map(|(slot, arg)| self.facts.dictionaries[ruleset.domain_of(slot.ty)].intern(arg))
            .collect();
        self.stated(relation, maybe).push(&ids, origin);
    }

    /// The facts of a relation stated so far.
    pub(super) fn stated(&mut self, relation: RelationId, maybe: bool) -> &mut Tuples {
        let stored = &mut self.facts.relations[relation];
        if maybe { &mut stored.maybe } else { &mut stored.certain }
    }

    /// States that the thing is of the kind.
    pub fn state_kind(&mut self, name: &str, kind: KindId) {
        let domain = self.ruleset.kinds[kind].domain;
        let id = self.facts.dictionaries[domain].intern_name(name);
        self.facts.members[kind].insert(id as usize);
    }

    /// States all facts of a text; names get `prefix` put before them.
    pub fn state_all(&mut self, statements: &Statements, prefix: &str) {
        let named = |constant: &Constant| match constant {
            Constant::Thing(domain, name) if !prefix.is_empty() => {
                Constant::Thing(*domain, format!("{prefix}{name}"))
            }
            other => other.clone(),
        };
        for fact in &statements.facts {
            let args: Vec<Constant> = fact.args.iter().map(named).collect();
            self.state(fact.relation, &args, fact.maybe, Origin::Text(fact.span));
        }
        for kind in &statements.kinds {
            self.state_kind(&format!("{prefix}{}", kind.name), kind.kind);
        }
    }

    /// Notes what came of a table.
    pub fn note_read(&mut self, read: TableRead) {
        let place = self.facts.reads.partition_point(|known| known.table <= read.table);
        self.facts.reads.insert(place, read);
    }

    /// The dictionary of a domain.
    pub(super) fn dictionary_mut(&mut self, domain: DomainId) -> &mut Dictionary {
        &mut self.facts.dictionaries[domain]
    }

    /// The dictionary of a domain.
    pub(super) fn dictionary(&self, domain: DomainId) -> &Dictionary {
        &self.facts.dictionaries[domain]
    }

    /// The things stated to be of a kind.
    pub(super) fn members_mut(&mut self, kind: KindId) -> &mut BitSet {
        &mut self.facts.members[kind]
    }

    /// The finished facts, with warnings: facts stated twice are one, doubtful ones that are certain too
    /// are dropped, memberships completed. Each key of an open relation without a stated value gets one
    /// that is missing. `Err` where a key has two, or where what is counted or added up is repeated.
    pub fn finish(mut self) -> Result<(FactSet, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut problems = Vec::new();
        for relation in self.ruleset.relations.ids() {
            self.sort(relation, &mut problems);
            self.drop_settled_doubts(relation);
            self.complete_members(relation);
        }
        for kind in self.ruleset.kinds.ids() {
            let members: Vec<usize> = self.facts.members[kind].iter().collect();
            let mut above = self.ruleset.kinds[kind].parent;
            while let Some(parent) = above {
                for &member in &members {
                    self.facts.members[parent].insert(member);
                }
                above = self.ruleset.kinds[parent].parent;
            }
        }
        let open = self.ruleset.relations.iter_enumerated();
        let open: Vec<(RelationId, usize)> =
            open.filter_map(|(id, relation)| Some((id, relation.open?))).collect();
        problems.extend(
            open.into_iter()
                .filter_map(|(relation, slot)| self.complete_open(relation, slot).err())
                .map(|problem| *problem),
        );
        if problems.iter().any(Diagnostic::is_error) { Err(problems) } else { Ok((self.facts, problems)) }
    }

    /// Sorts what is stated of a relation, each fact once. A row of a table that repeats what is counted
    /// or added up may have been meant to count.
    fn sort(&mut self, relation: RelationId, problems: &mut Vec<Diagnostic>) {
        let aggregated = self.ruleset.aggregated().contains(&relation);
        let mut first: BTreeMap<u32, DataPlace> = BTreeMap::new();
        for maybe in [false, true] {
            for (origin, place) in self.stated(relation, maybe).sort() {
                let Origin::Row { table, line } = origin else { continue };
                let path = &self.ruleset.tables[table as usize].path;
                let mut by_row = false;
                if let Some(read) = self.facts.reads.iter_mut().find(|read| read.table == table) {
                    read.repeated += 1;
                    by_row = read.by_row;
                }
                if !aggregated || self.ruleset.tables[table as usize].cells.merge_duplicates {
                    continue;
                }
                if let Some(place) = first.get_mut(&table) {
                    place.others += 1;
                    continue;
                }
                let stored = &self.facts.relations[relation];
                let tuples = if maybe { &stored.maybe } else { &stored.certain };
                let ids = self.ruleset.relations[relation].slots.iter().zip(tuples.row(place as usize));
                let shown: Vec<String> = ids
                    .map(|(slot, id)| {
                        self.facts.dictionaries[self.ruleset.domain_of(slot.ty)].show(id).into_owned()
                    })
                    .collect();
                let place = DataPlace {
                    file: path.clone(),
                    row: u64::from(line),
                    by_row,
                    raw: Some(shown.join(",").chars().take(80).collect()),
                    expected: Some("a row that states something new".to_owned()),
                    ..DataPlace::default()
                };
                first.insert(table, place);
            }
        }
        problems.extend(first.into_iter().map(|(table, place)| {
            let table = &self.ruleset.tables[table as usize];
            let mut diagnostic =
                Diagnostic::new(Code::DuplicateRows, "a row repeats a fact that is counted or added up")
                    .at(table.span, "in this table")
                    .data(place)
                    .help("give the sentence a slot for `row`, or write `on duplicates merge`");
            if table.cells.bad_rows != BadRows::Fail {
                diagnostic.severity = Severity::Warning;
            }
            diagnostic
        }));
    }

    /// A missing value for each key that has no stated one.
    fn complete_open(&mut self, relation: RelationId, open: usize) -> Result<(), Box<Diagnostic>> {
        let entry = &self.ruleset.relations[relation];
        let keys: Vec<usize> = (0..entry.slots.len()).filter(|slot| *slot != open).collect();
        let stored = &self.facts.relations[relation].certain;
        let key = |row: usize| -> Vec<u32> { keys.iter().map(|slot| stored.columns[*slot][row]).collect() };
        let mut known: HashMap<Vec<u32>, usize, FxBuildHasher> = HashMap::default();
        let mut twice = None;
        let mut more = 0;
        for row in 0..stored.len() {
            match known.entry(key(row)) {
                Entry::Vacant(place) => _ = place.insert(row),
                Entry::Occupied(first) => {
                    more += u64::from(twice.is_some());
                    twice.get_or_insert((*first.get(), row));
                }
            }
        }
        if let Some((first, second)) = twice {
            return Err(Box::new(self.two_values(relation, open, (first, second), more)));
        }
        let candidates: Vec<Vec<u32>> = keys
            .iter()
            .map(|slot| match entry.slots[*slot].ty {
                Ty::Thing(kind) => self.facts.members[kind].iter().map(|id| id as u32).collect(),
                Ty::Value(_) => {
                    let mut ids = stored.columns[*slot].clone();
                    ids.sort_unstable();
                    ids.dedup();
                    ids
                }
            })
            .collect();
        let combinations = candidates.iter().try_fold(1_usize, |all, ids| all.checked_mul(ids.len()));
        if combinations.is_none_or(|all| all > MOST_KEYS) {
            let problem = Diagnostic::new(
                Code::TooMany,
                "this sentence has too many keys whose value could be missing",
            )
            .at(entry.span, format!("more than {MOST_KEYS} combinations of what stands in its other slots"))
            .help("declare it about fewer things at once, or without `?`");
            return Err(Box::new(problem));
        }
        let mut missing: Vec<Vec<u32>> = Vec::new();
        let mut combination = Vec::new();
        combine(&candidates, &mut combination, &mut |key| {
            if !known.contains_key(key) {
                missing.push(key.to_vec());
            }
        });
        let stored = &mut self.facts.relations[relation].certain;
        let mut ids = vec![MISSING; entry.slots.len()];
        let any = !missing.is_empty();
        for key in missing {
            keys.iter().zip(key).for_each(|(slot, id)| ids[*slot] = id);
            stored.push(&ids, Origin::Nobody);
        }
        if any {
            stored.sort();
        }
        Ok(())
    }

    fn two_values(
        &self,
        relation: RelationId,
        open: usize,
        (first, second): (usize, usize),
        more: u64,
    ) -> Diagnostic {
        let ruleset = self.ruleset;
        let entry = &ruleset.relations[relation];
        let stored = &self.facts.relations[relation].certain;
        let show = |row: usize, slot: usize| {
            let domain = ruleset.domain_of(entry.slots[slot].ty);
            self.facts.dictionaries[domain].show(stored.columns[slot][row]).into_owned()
        };
        let keys: Vec<String> =
            (0..entry.slots.len()).filter(|slot| *slot != open).map(|slot| show(first, slot)).collect();
        let (one, other) = (show(first, open), show(second, open));
        let mut diagnostic = Diagnostic::new(
            Code::TwoValues,
            format!("{} has two values for one sentence: {one} and {other}", keys.join(", ")),
        )
        .at(entry.span, "each key of it has one value");
        let mut places = Vec::new();
        for (row, value) in [(first, &one), (second, &other)] {
            match stored.origin(row) {
                Origin::Text(span) => diagnostic = diagnostic.at(span, format!("{value} here")),
                Origin::Row { table, line } => {
                    let file = ruleset.tables[table as usize].path.clone();
                    let by_row = self.facts.reads.iter().any(|read| read.table == table && read.by_row);
                    let unit = if by_row { "row" } else { "line" };
                    places.push(format!("{value} in {file}, {unit} {line}"));
                    let place = DataPlace {
                        file,
                        row: u64::from(line),
                        by_row,
                        raw: Some(value.clone()),
                        others: more,
                        ..DataPlace::default()
                    };
                    diagnostic = diagnostic.data(place);
                }
                Origin::Nobody => {}
            }
        }
        let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
        diagnostic.help(format!("state one of them{places}, or declare the sentence without `?`"))
    }

    fn drop_settled_doubts(&mut self, relation: RelationId) {
        let StoredFacts { certain, maybe } = &mut self.facts.relations[relation];
        if !maybe.is_empty() && !certain.is_empty() {
            maybe.retain(|ids| !certain.contains(ids));
        }
    }

    fn complete_members(&mut self, relation: RelationId) {
        let FactSet { relations, members, .. } = &mut self.facts;
        for (slot, column) in
            self.ruleset.relations[relation].slots.iter().zip(&relations[relation].certain.columns)
        {
            if let Ty::Thing(kind) = slot.ty {
                for &id in column {
                    members[kind].insert(id as usize);
                }
            }
        }
        // A thing only doubtful facts mention is of the root kind there.
        for (slot, column) in
            self.ruleset.relations[relation].slots.iter().zip(&relations[relation].maybe.columns)
        {
            if let Ty::Thing(kind) = slot.ty {
                let root = self.ruleset.kinds[kind].root;
                for &id in column {
                    members[root].insert(id as usize);
                }
            }
        }
    }
}
