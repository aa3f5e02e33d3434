//! Facts kept between runs: the same answers cold, warm and without, whatever happens to what is kept.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use parallax::engine::Profile;
use parallax::report::{ReportOptions, build, csv, json};
use parallax::session::{Options, Session, TableInput, TableSource};
use parallax::source::{ReadAt, Store, Writing};
use parallax::verdict::Holds;

use crate::support::Memory;

const RULES: &str = "language 1\nkind Person\nkind Adult: Person\nrelation Person owes Number\nrelation Person is born on Date\nrelation Person has Text note\nrelation Person weighs Number?\nrelation Person knows other: Person\nquestion Person is debtor | other\n  among person owes any sum\nlens a {\n  row: debtor when person owes n and n > 10\n  otherwise other\n}\nlens b {\n  row: debtor when person owes n and n > 10 and person is an Adult\n  otherwise other\n}\nfacts {\n  ada knows bo\n  maybe bo knows cy\n  ada is an Adult\n  ada weighs 5\n}\nfrom \"debts.csv\" {\n  empty is \"NA\"\n  on bad rows skip\n  who owes amount where amount > 0\n  who is born on day\n  who has remark note\n  maybe who knows other\n}\n";

const TABLE: &str = "who,amount,day,remark,other\nada,5,2026-01-31,\u{fc}ber,bo\nbo,12.5,2000-02-29,,cy\na name that is long,NA,1999-01-01,x,ada\nbo,12.5,2000-02-29,y,cy\ndi,twelve,2001-01-01,z,ada\n";

/// A store in memory.
#[derive(Debug, Default)]
struct Shelf(Mutex<BTreeMap<u128, Vec<u8>>>);

impl Store for Shelf {
    fn open(&self, key: u128) -> Option<Box<dyn ReadAt>> {
        let bytes = self.0.lock().expect("unspoiled").get(&key)?.clone();
        Some(Box::new(bytes))
    }

    fn save(&self, key: u128, size: u64, write: Writing<'_>) -> Result<(), String> {
        let mut bytes = Vec::new();
        write(&mut bytes).map_err(|error| error.to_string())?;
        assert_eq!(bytes.len() as u64, size, "the size is told beforehand");
        self.0.lock().expect("unspoiled").insert(key, bytes);
        Ok(())
    }
}

impl Shelf {
    fn only(&self) -> Vec<u8> {
        let kept = self.0.lock().expect("unspoiled");
        assert_eq!(kept.len(), 1);
        kept.values().next().expect("one").clone()
    }

    fn replace(&self, bytes: Vec<u8>) {
        self.0.lock().expect("unspoiled").values_mut().for_each(|kept| kept.clone_from(&bytes));
    }
}

/// What is said, and whether it came from the store.
fn answer(rules: &str, table: &str, store: Option<Arc<dyn Store>>) -> (String, bool) {
    let files = Memory::default().with("rules/main.lens", rules).with("rules/debts.csv", table);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    asked(&session, store)
}

fn asked(session: &Session<'_>, store: Option<Arc<dyn Store>>) -> (String, bool) {
    asked_holding(session, store, Holds::default())
}

fn asked_holding(session: &Session<'_>, store: Option<Arc<dyn Store>>, holds: Holds) -> (String, bool) {
    let ruleset = session.ruleset().expect("the ruleset is sound");
    let profile = Arc::new(Profile::gathering(|| None));
    let options =
        Options { cache: store, profile: Arc::clone(&profile), splits: true, holds, ..Options::default() };
    let said = match session.evaluate(ruleset, &options) {
        Ok((evaluation, warnings)) => {
            let options = ReportOptions::default();
            let report = build(ruleset, session.sources(), &evaluation, &options).expect("a report");
            format!("{}{}{warnings:?}", csv(&report), json(&report))
        }
        Err(problems) => format!("{problems:?}"),
    };
    let read = profile.taken().iter().any(|part| part.what == "reading tables");
    (said, !read)
}

fn shelf() -> (Arc<Shelf>, Option<Arc<dyn Store>>) {
    let shelf = Arc::new(Shelf::default());
    (Arc::clone(&shelf), Some(shelf))
}

#[test]
fn the_same_is_said_cold_warm_and_without() {
    let (_, store) = shelf();
    let (without, _) = answer(RULES, TABLE, None);
    assert!(without.contains("twelve"), "the warning about a bad cell is there: {without}");
    assert_eq!(answer(RULES, TABLE, store.clone()), (without.clone(), false));
    assert_eq!(answer(RULES, TABLE, store), (without, true));
}

#[test]
fn changed_rules_find_the_facts_and_changed_tables_do_not() {
    let (_, store) = shelf();
    assert!(!answer(RULES, TABLE, store.clone()).1);
    let changed = [
        RULES.replace("n > 10\n", "n > 3\n"),
        RULES.replace("kind Person\n", "\n\n# More lines move all that follows.\nkind Person\n"),
        RULES.replace("relation Person owes", "relation Person is happy\nrelation Person owes"),
        RULES.replace(
            "lens a {",
            "lens c {\n  row: debtor when person weighs n and n > 1\n  otherwise other\n}\nlens a {",
        ),
        // Rows that repeat a fact are wrong once it is added up.
        RULES.replace("person owes n and n > 10\n", "sum(m for each m: person owes m) > 10\n"),
    ];
    for rules in &changed {
        let (warm, kept) = answer(rules, TABLE, store.clone());
        assert!(kept, "{rules}");
        assert_eq!(warm, answer(rules, TABLE, None).0);
    }
    assert!(answer(&changed[4], TABLE, None).0.contains("DuplicateRows"));
    let others = [
        (RULES.replace("amount > 0", "amount > 6"), TABLE.to_owned()),
        (RULES.replace("ada knows bo", "ada knows di"), TABLE.to_owned()),
        (RULES.replace("\"NA\"", "\"x\""), TABLE.to_owned()),
        (RULES.replace("weighs Number?", "weighs Number"), TABLE.to_owned()),
        (RULES.to_owned(), TABLE.replace("12.5", "13.5")),
    ];
    for (rules, table) in others {
        let (cold, kept) = answer(&rules, &table, store.clone());
        assert!(!kept, "{rules}{table}");
        assert_eq!(cold, answer(&rules, &table, None).0);
    }
}

#[test]
fn whatever_byte_is_spoiled_the_answer_stays() {
    let (shelf, store) = shelf();
    let files = Memory::default().with("rules/main.lens", RULES).with("rules/debts.csv", TABLE);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let (right, _) = asked(&session, store.clone());
    let whole = shelf.only();
    let spoiled = |bytes: Vec<u8>| {
        shelf.replace(bytes.clone());
        // Where facts were stated is not read without need, so that nothing may be seen to be spoiled.
        assert_eq!(asked(&session, store.clone()).0, right);
        shelf.replace(bytes);
        let (said, kept) = asked_holding(&session, store.clone(), Holds::Stated);
        assert_eq!(said, right);
        assert!(!kept);
    };
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        spoiled(bytes);
    }
    for len in 0..whole.len() {
        spoiled(whole[..len].to_vec());
    }
    spoiled([&whole[..], b"x"].concat());
    assert_eq!(shelf.only(), whole, "it was made anew, the same");
}

/// A store without room.
#[derive(Debug)]
struct NoRoom;

impl Store for NoRoom {
    fn open(&self, _: u128) -> Option<Box<dyn ReadAt>> {
        None
    }

    fn save(&self, _: u128, _: u64, write: Writing<'_>) -> Result<(), String> {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        write(&mut Full).map_err(|error| error.to_string())
    }
}

#[test]
fn a_full_disk_is_a_warning() {
    let (said, kept) = answer(RULES, TABLE, Some(Arc::new(NoRoom)));
    assert!(!kept && said.contains("BadCache"), "{said}");
    let (right, _) = answer(RULES, TABLE, None);
    let table = right.split('[').next().unwrap_or_default();
    assert!(said.starts_with(table));
}

#[test]
fn tables_from_outside_count_by_what_they_hold() {
    let (shelf, store) = shelf();
    let files = Memory::default().with("rules/main.lens", RULES).with("rules/debts.csv", TABLE);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("the ruleset is sound");
    for bytes in [TABLE, "who,amount,day,remark,other\n"] {
        let source = TableSource::Bytes(bytes.as_bytes().to_vec());
        let tables = vec![TableInput { name: "debts.csv".to_owned(), source }];
        let options = Options { cache: store.clone(), tables, ..Options::default() };
        session.evaluate(ruleset, &options).expect("it can be evaluated");
    }
    assert_eq!(shelf.0.lock().expect("unspoiled").len(), 2);
    assert!(answer(RULES, TABLE, store).1);
}
