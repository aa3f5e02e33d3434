//! Names and values as dense ids, and back.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::base::IndexVec;
use crate::model::{Constant, Domain, DomainId, Ruleset};
use crate::value::{Value, ValueKind};

/// The id, in every domain of values, of a value that nobody stated.
pub const MISSING: u32 = 0;

/// The entries of one domain; ids count in the order entries were first met, from 0 for names and
/// from 1 for values.
#[derive(Clone, Debug)]
pub struct Dictionary {
    entries: Entries,
    index: HashTable<u32>,
}

#[derive(Clone, Debug)]
enum Entries {
    /// Names end to end; the entry `id` is `text[ends[id-1]..ends[id]]`.
    Names {
        domain: DomainId,
        text: String,
        ends: Vec<usize>,
    },
    Values {
        kind: ValueKind,
        values: Vec<Value>,
    },
}

fn hash<T: Hash + ?Sized>(item: &T) -> u64 {
    FxBuildHasher.hash_one(item)
}

impl Dictionary {
    /// An empty dictionary of names of things.
    pub fn names(domain: DomainId) -> Self {
        Self {
            entries: Entries::Names { domain, text: String::new(), ends: Vec::new() },
            index: HashTable::new(),
        }
    }

    /// An empty dictionary of values.
    pub fn values(kind: ValueKind) -> Self {
        Self { entries: Entries::Values { kind, values: Vec::new() }, index: HashTable::new() }
    }

    /// An empty dictionary for each domain of a ruleset.
    pub fn all(ruleset: &Ruleset) -> IndexVec<DomainId, Self> {
        let empty = |(id, domain): (DomainId, &Domain)| match domain {
            Domain::Things(_) => Self::names(id),
            Domain::Values(kind) => Self::values(*kind),
        };
        ruleset.domains.iter_enumerated().map(empty).collect()
    }

    /// What ids are below.
    #[expect(clippy::len_without_is_empty, reason = "values count from 1, so it is never empty")]
    pub fn len(&self) -> usize {
        match &self.entries {
            Entries::Names { ends, .. } => ends.len(),
            Entries::Values { values, .. } => values.len() + 1,
        }
    }

    /// The name with this id; empty for dictionaries of values.
    pub fn name(&self, id: u32) -> &str {
        match &self.entries {
            Entries::Names { text, ends, .. } => {
                let id = id as usize;
                let start = if id == 0 { 0 } else { ends[id - 1] };
                &text[start..ends[id]]
            }
            Entries::Values { .. } => "",
        }
    }

    /// The value with this id; `None` for dictionaries of names, and where it is missing.
    pub fn value(&self, id: u32) -> Option<&Value> {
        match &self.entries {
            Entries::Names { .. } => None,
            Entries::Values { values, .. } => values.get((id as usize).checked_sub(1)?),
        }
    }

    /// The entry as it is printed.
    pub fn show(&self, id: u32) -> Cow<'_, str> {
        match &self.entries {
            Entries::Names { .. } => Cow::Borrowed(self.name(id)),
            Entries::Values { .. } => match self.value(id) {
                Some(Value::Text(text)) => Cow::Borrowed(text),
                Some(other) => Cow::Owned(other.to_string()),
                None => Cow::Borrowed("not known"),
            },
        }
    }

    /// The entry as a constant; `None` for a missing value.
    pub fn constant(&self, id: u32) -> Option<Constant> {
        match &self.entries {
            Entries::Names { domain, .. } => Some(Constant::Thing(*domain, self.name(id).to_owned())),
            Entries::Values { .. } => self.value(id).cloned().map(Constant::Value),
        }
    }

    /// The order of two entries: byte order of names and texts, size of numbers and dates; what is
    /// missing comes first.
    pub fn compare(&self, left: u32, right: u32) -> Ordering {
        match &self.entries {
            Entries::Names { .. } => self.name(left).as_bytes().cmp(self.name(right).as_bytes()),
            Entries::Values { .. } => self.value(left).cmp(&self.value(right)),
        }
    }

    /// The id of a name, if it has one.
    pub fn find_name(&self, name: &str) -> Option<u32> {
        self.index.find(hash(name), |&id| self.name(id) == name).copied()
    }

    /// The id of a value, if it has one.
    pub fn find_value(&self, value: &Value) -> Option<u32> {
        self.index.find(hash(value), |&id| self.value(id) == Some(value)).copied()
    }

    /// The id of a constant of this domain, if it has one.
    pub fn find(&self, constant: &Constant) -> Option<u32> {
        match constant {
            Constant::Thing(_, name) => self.find_name(name),
            Constant::Value(value) => self.find_value(value),
        }
    }

    /// The id of a name, given to it now if it had none.
    pub fn intern_name(&mut self, name: &str) -> u32 {
        if let Some(id) = self.find_name(name) {
            return id;
        }
        let id = self.len() as u32;
        if let Entries::Names { text, ends, .. } = &mut self.entries {
            text.push_str(name);
            ends.push(text.len());
        }
        self.add_to_index(hash(name), id);
        id
    }

    /// The id of a value, given to it now if it had none.
    pub fn intern_value(&mut self, value: &Value) -> u32 {
        if let Some(id) = self.find_value(value) {
            return id;
        }
        let id = self.len() as u32;
        if let Entries::Values { values, .. } = &mut self.entries {
            debug_assert!(values.first().is_none_or(|first| first.kind() == value.kind()));
            values.push(value.clone());
        }
        self.add_to_index(hash(value), id);
        id
    }

    /// The id of a constant of this domain, given to it now if it had none.
    pub fn intern(&mut self, constant: &Constant) -> u32 {
        match constant {
            Constant::Thing(_, name) => self.intern_name(name),
            Constant::Value(value) => self.intern_value(value),
        }
    }

    fn add_to_index(&mut self, hashed: u64, id: u32) {
        let Self { entries, index } = self;
        index.insert_unique(hashed, id, |&id| match &*entries {
            Entries::Names { text, ends, .. } => {
                let start = if id == 0 { 0 } else { ends[id as usize - 1] };
                hash(&text[start..ends[id as usize]])
            }
            Entries::Values { values, .. } => hash(&values[id as usize - 1]),
        });
    }

    /// The kind of value it holds; `None` for names.
    pub fn value_kind(&self) -> Option<ValueKind> {
        match &self.entries {
            Entries::Names { .. } => None,
            Entries::Values { kind, .. } => Some(*kind),
        }
    }
}
