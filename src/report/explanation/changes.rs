//! Changes of facts, in words and as what `whatif` takes.

use super::tell::{Line, ToldNote};
use super::words::{Words, list};
use crate::base::article;
use crate::explain::{Coverage, Explanation, Fact, FactChange, Flip, Flips, Now, Reach};
use crate::model::{Constant, KindId, RepeatRole};
use crate::value::{Value, ValueKind};

/// A set of changes as sentences that `whatif` takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToldChange {
    /// What is no longer stated.
    pub remove: Vec<String>,
    /// What is stated.
    pub add: Vec<String>,
    /// What the answer is then.
    pub then: String,
}

impl Words<'_> {
    /// That no change does something, as far as was looked for.
    pub(super) fn no_change(&self, flips: &Flips, does: &str) -> String {
        let only = self.ruleset.repeats.iter().any(|repeat| repeat.role == RepeatRole::Changeable);
        let (fact, facts) =
            if only { ("a fact that may change", "facts that may change") } else { ("a fact", "facts") };
        let what = match flips.size {
            0 | 1 => format!("single change of {fact}"),
            2 => format!("change of one or two {facts}"),
            _ => format!("change of up to three {facts}"),
        };
        match untried(flips) {
            None => format!("No {what} would {does}."),
            Some(untried) => format!("No {what} was found that would {does} ({untried})."),
        }
    }

    /// The changes of a search, in words.
    pub(super) fn flips(&self, explanation: &Explanation, flips: &Flips) -> ToldNote {
        let stopped = untried(flips).map_or_else(String::new, |untried| format!(" ({untried})"));
        if flips.found.is_empty() {
            let text = self.no_change(flips, "make it say something else");
            return ToldNote { kind: "change", text, lines: Vec::new() };
        }
        let line = |flip: &Flip| {
            let changes = self.changes(flip);
            let then = match flip.says.first() {
                Some(says) if !says.is_empty() => self.says(explanation.question, says),
                _ => "not asked about".to_owned(),
            };
            let place = flip.changes.iter().find_map(|change| self.changed_place(change));
            let beyond = flip.changes.iter().find_map(|change| reach(change, flip)).unwrap_or_default();
            let text = format!("if {}{beyond}: {then}", list(&changes, "and"));
            let mut line = Line::new("change", text, place);
            line.change = Some(self.as_sentences(flip, then));
            line
        };
        let mut lines: Vec<Line> = flips.found.iter().map(line).collect();
        match flips.unnamed {
            0 => {}
            1 => lines.push(Line::new("more", "one more change was found that does it".to_owned(), None)),
            more => {
                lines.push(Line::new("more", format!("{more} more changes were found that do it"), None));
            }
        }
        ToldNote { kind: "change", text: format!("It would say something else{stopped}"), lines }
    }

    /// Each change of a set in words: what is stated first, as what nobody stated could be read as going on with it.
    fn changes(&self, flip: &Flip) -> Vec<String> {
        let is_removed =
            |change: &&FactChange| matches!(change, FactChange::Remove(_) | FactChange::Leave(..));
        let mut removed: Vec<&FactChange> = flip.changes.iter().filter(is_removed).collect();
        let stated = flip.changes.iter().zip(&flip.now).filter(|(change, _)| !is_removed(change));
        let mut out = Vec::new();
        for (change, now) in stated {
            let sentence = self.stated(change);
            let instead =
                removed.iter().enumerate().find_map(|(at, other)| Some((at, replaced(other, change)?)));
            out.push(match (instead, now) {
                (Some((at, old)), _) => {
                    removed.remove(at);
                    format!("{sentence} instead of {}", self.written(old))
                }
                (None, Now::Value(old)) => {
                    format!("{sentence} instead of {}", self.written(&Constant::Value(old.clone())))
                }
                (None, Now::Others) => format!("{sentence} as well"),
                (None, Now::Nothing) => sentence,
            });
        }
        out.extend(removed.into_iter().map(|change| self.removed(change)));
        out
    }

    /// What is stated, in words.
    fn stated(&self, change: &FactChange) -> String {
        match change {
            FactChange::Add(fact) if fact.maybe => {
                format!("it were certain that {}", self.fact(fact.relation, &fact.args))
            }
            FactChange::Add(fact) | FactChange::Set(fact) | FactChange::Remove(fact) => {
                self.fact(fact.relation, &fact.args)
            }
            FactChange::Join(kind, name) | FactChange::Leave(kind, name) => self.outright(*kind, name),
        }
    }

    /// What is no longer stated, in words.
    fn removed(&self, change: &FactChange) -> String {
        match change {
            FactChange::Remove(fact) if fact.maybe => {
                format!("it were ruled out that {}", self.fact(fact.relation, &fact.args))
            }
            other => format!("nobody stated that {}", self.stated(other)),
        }
    }

    /// A set of changes as `whatif` takes it; whoever is new goes by a name of their own.
    fn as_sentences(&self, flip: &Flip, then: String) -> ToldChange {
        let mut told = ToldChange { remove: Vec::new(), add: Vec::new(), then };
        let said = |fact: &Fact| {
            let slots: Vec<String> = fact.args.iter().map(|arg| self.held(arg.as_ref())).collect();
            self.relation(fact.relation, &slots)
        };
        for (change, now) in flip.changes.iter().zip(&flip.now) {
            if let (FactChange::Set(fact), Now::Value(old)) = (change, now)
                && let Some(slot) = self.ruleset.relations[fact.relation].open
            {
                let mut before = fact.clone();
                before.args[slot] = Some(Constant::Value(old.clone()));
                told.remove.push(said(&before));
            }
            let sentence = match change {
                FactChange::Remove(fact) | FactChange::Add(fact) | FactChange::Set(fact) => said(fact),
                FactChange::Leave(kind, name) | FactChange::Join(kind, name) => {
                    let entry = &self.ruleset.kinds[*kind];
                    let name = self.written(&Constant::Thing(entry.domain, name.clone()));
                    format!("{name} is {} {}", article(&entry.name), entry.name)
                }
            };
            match change {
                FactChange::Remove(_) | FactChange::Leave(..) => told.remove.push(sentence),
                FactChange::Add(_) | FactChange::Set(_) | FactChange::Join(..) => told.add.push(sentence),
            }
        }
        told
    }

    /// That a thing is of a kind.
    fn outright(&self, kind: KindId, name: &str) -> String {
        let entry = &self.ruleset.kinds[kind];
        let thing = Constant::Thing(entry.domain, name.to_owned());
        let name = self.named(entry.root, &thing).unwrap_or_else(|| self.written(&thing));
        format!("{name} is {} {}", article(&entry.name), entry.name)
    }

    fn changed_place(&self, change: &FactChange) -> Option<String> {
        let (FactChange::Remove(fact) | FactChange::Add(fact) | FactChange::Set(fact)) = change else {
            return None;
        };
        fact.origin.and_then(|origin| self.place(origin))
    }
}

/// What is no longer stated in place of what is stated: where two facts of one sentence differ in one name or value.
fn replaced<'c>(removed: &'c FactChange, stated: &FactChange) -> Option<&'c Constant> {
    let (FactChange::Remove(old), FactChange::Add(new)) = (removed, stated) else { return None };
    let both = old.args.iter().zip(&new.args);
    let mut differing = both.filter(|(old, new)| old != new).map(|(old, _)| old.as_ref());
    let only = differing.next().filter(|_| differing.next().is_none());
    only.flatten().filter(|_| old.relation == new.relation && !old.maybe && !new.maybe)
}

/// What a search for changes left out, if anything.
pub(super) fn untried(flips: &Flips) -> Option<String> {
    match flips.coverage {
        Coverage::Whole => rough(&flips.rough),
        Coverage::SomeNames => Some("not every name was tried".to_owned()),
        Coverage::Part => Some("not everything was tried".to_owned()),
        Coverage::Spent => Some("not everything was tried; `--budget` allows more".to_owned()),
    }
}

/// Which kinds of values were not all tried that may do it.
pub(super) fn rough(kinds: &[ValueKind]) -> Option<String> {
    let name = |kind: &ValueKind| match kind {
        ValueKind::Number => "number".to_owned(),
        ValueKind::Text => "text".to_owned(),
        ValueKind::Date => "date".to_owned(),
        ValueKind::Flag => "flag".to_owned(),
    };
    let names: Vec<String> = kinds.iter().map(name).collect();
    (!names.is_empty()).then(|| format!("not every {} was tried", list(&names, "and")))
}

/// How far beyond the value of a change the same holds.
fn reach(change: &FactChange, flip: &Flip) -> Option<String> {
    let (FactChange::Add(fact) | FactChange::Set(fact)) = change else { return None };
    let value = fact.args.iter().flatten().find_map(|arg| match arg {
        Constant::Value(value @ (Value::Number(_) | Value::Date(_))) => Some(value),
        Constant::Value(_) | Constant::Thing(..) => None,
    })?;
    let far = match (&flip.reach, value) {
        (Reach::Only, _) => return None,
        (Reach::Any, _) if flip.stated => {
            return Some(" (or any other value tried that is not stated yet)".to_owned());
        }
        (Reach::Any, _) => "or any other value tried".to_owned(),
        (Reach::But(but), _) => format!("any number but {but}"),
        (Reach::Up, Value::Date(_)) => format!("from {value} on"),
        (Reach::Down, Value::Date(_)) => "or before".to_owned(),
        (Reach::Up, _) => format!("from {value} up"),
        (Reach::Down, _) => format!("from {value} down"),
    };
    Some(format!(" ({far}{})", if flip.stated { ", but for what is stated" } else { "" }))
}
