//! Gathers stated facts of one world: interns, drops duplicates, works out who is of which kind.

use std::collections::BTreeMap;

use super::{
    Dictionary, FactSet, MISSING, Origin, RepeatedRows, StoredFacts, TableRead, Tuples, repeated_rows,
};
use crate::base::{BitSet, IndexVec, Order, StopSign, sorted};
use crate::diag::{Code, DataPlace, Diagnostic};
use crate::model::{Constant, DomainId, KindId, RelationId, Ruleset, Statements, Ty};

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

/// Keys of an open relation that have a value, ascending, and the row of each.
struct Keys {
    order: Order,
    count: usize,
}

impl Keys {
    fn new(tuples: &Tuples, slots: &[usize]) -> Self {
        let columns: Vec<&[u32]> = slots.iter().map(|slot| tuples.columns[*slot].as_slice()).collect();
        Self { order: sorted(&columns, true), count: tuples.len() }
    }

    fn row(&self, place: usize) -> usize {
        self.order.places.as_ref().map_or(place, |places| places[place] as usize)
    }

    /// Of the rows whose key an earlier row has, the first, after the earliest with that key; and how many more
    /// there are.
    fn repeated(&self) -> Option<((usize, usize), u64)> {
        let mut found: Option<(usize, usize)> = None;
        let (mut count, mut earliest) = (0, 0);
        for place in 1..self.count {
            if self.order.columns.iter().any(|column| column[place] != column[place - 1]) {
                earliest = place;
                continue;
            }
            count += 1;
            let row = self.row(place);
            if found.is_none_or(|(_, first)| row < first) {
                found = Some((self.row(earliest), row));
            }
        }
        found.map(|found| (found, count - 1))
    }

    /// Whether the key at `place` or further on is this one; `place` moves there. Keys are asked for ascending.
    fn has(&self, key: &[u32], place: &mut usize) -> bool {
        let at = |place: usize| self.order.columns.iter().map(move |column| column[place]);
        while *place < self.count && at(*place).lt(key.iter().copied()) {
            *place += 1;
        }
        *place < self.count && at(*place).eq(key.iter().copied())
    }
}

/// Builds a `FactSet` for one ruleset.
pub struct FactSetBuilder<'r> {
    ruleset: &'r Ruleset,
    facts: FactSet,
    stop: StopSign,
    /// Whether it matters where facts were stated.
    origins: bool,
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
            stop: StopSign::default(),
            origins: true,
            ruleset,
            facts: FactSet {
                dictionaries,
                relations,
                members: ruleset.kinds.iter().map(|_| BitSet::default()).collect(),
                outright: IndexVec::new(),
                reads: Vec::new(),
                repeated: Vec::new(),
            },
        }
    }

    /// Leaves off early where the sign asks for it; what is built then is of no use.
    #[must_use]
    pub fn until(mut self, stop: StopSign) -> Self {
        self.stop = stop;
        self
    }

    /// Does not keep where facts were stated, which nobody will ask then.
    #[must_use]
    pub fn without_origins(mut self) -> Self {
        self.origins = false;
        self
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
        // INVARIANT: until here only what says so outright has put a thing in a kind.
        self.facts.outright = self.facts.members.clone();
        for relation in self.ruleset.relations.ids() {
            if self.stop.asked().is_some() {
                break;
            }
            self.sort(relation);
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
        let mut problems = repeated_rows(self.ruleset, &self.facts);
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

    /// Sorts what is stated of a relation, each fact once; notes rows of tables that repeat one.
    fn sort(&mut self, relation: RelationId) {
        let mut first: BTreeMap<u32, RepeatedRows> = BTreeMap::new();
        // Of an open relation, two values of one key are told with where they stand.
        let origins = self.origins || self.ruleset.relations[relation].open.is_some();
        for maybe in [false, true] {
            for (origin, place) in self.stated(relation, maybe).sort(origins) {
                let Origin::Row { table, line } = origin else { continue };
                if let Some(read) = self.facts.reads.iter_mut().find(|read| read.table == table) {
                    read.repeated += 1;
                }
                if self.ruleset.tables[table as usize].cells.merge_duplicates {
                    continue;
                }
                if let Some(rows) = first.get_mut(&table) {
                    rows.others += 1;
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
                let shown = shown.join(",").chars().take(80).collect();
                first.insert(table, RepeatedRows { relation, table, line, shown, others: 0 });
            }
        }
        self.facts.repeated.extend(first.into_values());
    }

    /// A missing value for each key that has no stated one.
    fn complete_open(&mut self, relation: RelationId, open: usize) -> Result<(), Box<Diagnostic>> {
        let entry = &self.ruleset.relations[relation];
        let keys: Vec<usize> = (0..entry.slots.len()).filter(|slot| *slot != open).collect();
        let stored = &self.facts.relations[relation].certain;
        let known = Keys::new(stored, &keys);
        if let Some((rows, more)) = known.repeated() {
            return Err(Box::new(self.two_values(relation, open, rows, more)));
        }
        let candidates: Vec<Vec<u32>> = keys
            .iter()
            .map(|slot| match entry.slots[*slot].ty {
                Ty::Thing(kind) => self.facts.members[kind].iter().map(|id| id as u32).collect(),
                Ty::Value(_) => {
                    let mut ids = stored.columns[*slot].to_vec();
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
        let mut missing: Vec<Vec<u32>> = vec![Vec::new(); entry.slots.len()];
        let (mut combination, mut place) = (Vec::new(), 0);
        combine(&candidates, &mut combination, &mut |key| {
            if !known.has(key, &mut place) {
                keys.iter().zip(key).for_each(|(slot, id)| missing[*slot].push(*id));
                missing[open].push(MISSING);
            }
        });
        self.facts.relations[relation].certain.add_missing(&missing);
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
                members[kind].insert_all(column);
            }
        }
        // A thing only doubtful facts mention is of the root kind there.
        for (slot, column) in
            self.ruleset.relations[relation].slots.iter().zip(&relations[relation].maybe.columns)
        {
            if let Ty::Thing(kind) = slot.ty {
                let root = self.ruleset.kinds[kind].root;
                members[root].insert_all(column);
            }
        }
    }
}
