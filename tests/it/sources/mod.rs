//! Tables that are no text: each says the same as the same rows in CSV, and what is wrong with them is said.
//! Files are made here; a server is asked where the environment names one.

mod allowed;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_rows;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "xlsx")]
mod xlsx;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A ruleset over people, with this line before its block.
fn rules(from: &str) -> String {
    format!("{RULES}{from} {{\n{BLOCK}}}\n")
}

const RULES: &str = r#"ruleset "People"
language 1

kind Person
kind Shop

relation Person is called Text
relation Person earns Number?
relation Person paid Number
relation Person has Number visits
relation Person was born on Date
relation Person is active
relation Person buys at Shop in row Number
label Person is called Text

question Person is good | bad
  among person has any v visits

lens rich {
  many: good "earns much" when person earns n and n > 500.25
  otherwise bad
}

lens loyal {
  often: good "buys and comes" when person buys at any shop in row any n and person has v visits and v >= 10
  old: good "is old" when person was born on d and d < 1980-01-01
  otherwise bad
}

lens kept {
  kept: good "is active and paid" when person is active and person paid p and p > 10.5
  otherwise bad
}

"#;

const BLOCK: &str = r#"  empty is "NA"
  id is called name
  id earns income
  id paid price
  id has visits visits
  id was born on born
  id is active where active is "true" and price > 0
  id buys at lower(shop) in row row where shop is not empty
  maybe id is active where active is "false" and visits > income
"#;

/// A person's row.
#[derive(Clone, Debug)]
struct Row {
    id: String,
    name: Option<String>,
    income: Option<f64>,
    /// In hundredths.
    price: Option<i64>,
    visits: i64,
    /// Days since 1970-01-01.
    born: Option<i32>,
    active: bool,
    shop: Option<String>,
}

/// So many people, some of whose cells are empty or say so in a word.
fn people(count: usize) -> Vec<Row> {
    let names = ["Ada", "Zoë \"Z\" Ö", "O'Neil, Bo", " blank ", "NA", "=1+1", "长"];
    let row = |at: usize| Row {
        id: format!("p{at}"),
        name: (!at.is_multiple_of(11)).then(|| names[at % names.len()].to_owned()),
        income: (!at.is_multiple_of(5)).then(|| (at as f64 * 7.3) % 1000.0 - 20.0),
        price: (!at.is_multiple_of(7)).then(|| (at as i64 * 137) % 5000 - 300),
        visits: (at as i64 * 31) % 23,
        born: (!at.is_multiple_of(13)).then(|| (at as i32 * 97) % 20_000),
        active: at.is_multiple_of(3),
        shop: (!at.is_multiple_of(4)).then(|| ["North", "south ", "EAST"][at % 3].to_owned()),
    };
    (1..=count).map(row).collect()
}

/// A day in ISO form.
fn day(days: i32) -> String {
    let first = parallax::value::Date::from_ymd(1970, 1, 1).expect("a day");
    first.add_days(i64::from(days)).expect("a day").to_string()
}

fn hundredths(price: i64) -> String {
    let sign = if price < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", price.abs() / 100, price.abs() % 100)
}

/// The rows as CSV.
fn csv(rows: &[Row]) -> String {
    let mut out = "id,name,income,price,visits,born,active,shop\n".to_owned();
    for row in rows {
        let quoted = |text: &Option<String>| {
            text.as_ref().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).unwrap_or_default()
        };
        out.push_str(&format!(
            "{},{},{},{},{},{},{},{}\n",
            row.id,
            quoted(&row.name),
            row.income.map(|income| income.to_string()).unwrap_or_default(),
            row.price.map(hundredths).unwrap_or_default(),
            row.visits,
            row.born.map(day).unwrap_or_default(),
            row.active,
            quoted(&row.shop),
        ));
    }
    out
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sources-{name}"));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

fn parallax(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parallax"))
        .args(args)
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("the command runs")
}

/// What all forms of the answers say, without the digests of tables.
#[cfg(any(feature = "parquet", feature = "sqlite", feature = "postgres", feature = "xlsx"))]
fn answers(folder: &Path, more: &[&str]) -> String {
    let mut out = String::new();
    for command in [
        &["report", "rules.lens"][..],
        &["report", "rules.lens", "--format", "json"],
        &["report", "rules.lens", "--format", "csv"],
        &["run", "rules.lens", "--reasons"],
        &["run", "rules.lens", "--format", "jsonl"],
    ] {
        let output = parallax(folder, &[command, more].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command:?}: {said}");
        let text = String::from_utf8(output.stdout).expect("text");
        for line in text.lines().filter(|line| !line.trim_start().starts_with("\"digest\"")) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Asserts that a table named so says what the same rows say as CSV.
#[cfg(any(feature = "parquet", feature = "sqlite", feature = "postgres", feature = "xlsx"))]
fn same_as_csv(folder: &Path, name: &str, rows: &[Row], more: &[&str]) {
    std::fs::write(folder.join("people.csv"), csv(rows)).expect("written");
    let own = answers(folder, more);
    let instead = format!("{name}=people.csv");
    let plain = answers(folder, &["--facts", &instead]);
    assert!(own.contains("good") && own.lines().count() > rows.len(), "{own}");
    for (own, plain) in own.lines().zip(plain.lines()) {
        assert_eq!(own, plain);
    }
    assert_eq!(own, plain);
}

/// What was said, whatever the width of its lines.
struct Said(String);

impl Said {
    fn contains(&self, part: &str) -> bool {
        let squeezed = |text: &str| text.replace('│', "").split_whitespace().collect::<String>();
        squeezed(&self.0).contains(&squeezed(part))
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is said when `report` fails over unreadable facts.
fn failure(folder: &Path, more: &[&str]) -> Said {
    let output = parallax(folder, &[&["report", "rules.lens"], more].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(!said.contains("bug of ours"), "{said}");
    Said(said)
}
