//! The walls of the house: modules import only what stands before them.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules, each importing only earlier ones. `source` and `session` feed the pipeline from
/// outside; `facts` needs the model's types for the shape of facts.
const ORDER: [&str; 20] = [
    "base",
    "diag",
    "value",
    "builtin",
    "syntax",
    "format",
    "model",
    "source",
    "facts",
    "checker",
    "engine",
    "plan",
    "verdict",
    "explain",
    "agreement",
    "guard",
    "report",
    "session",
    "cli",
    "lib",
];

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("a text"))
        })
        .collect()
}

#[test]
fn imports_run_one_way() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let module = name.split(['/', '.']).next().expect("a module");
        let Some(own) = ORDER.iter().position(|known| *known == module) else {
            // The binary and how it asks for memory stand above the library.
            assert!(["main", "allocation"].contains(&module), "{name} is in no layer");
            continue;
        };
        for (at, _) in text.match_indices("crate::") {
            let target: String =
                text[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if ORDER.iter().position(|known| *known == target).is_some_and(|other| other > own) {
                wrong.push(format!("{name} imports {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_checker_knows_nothing_of_how_proofs_are_found() {
    let allowed = ["base", "value", "builtin", "model", "facts", "checker"];
    for (name, text) in sources().into_iter().filter(|(name, _)| name.starts_with("checker/")) {
        for (at, _) in text.match_indices("crate::") {
            let target: String =
                text[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            assert!(allowed.contains(&target.as_str()), "{name} imports {target}");
        }
    }
}

#[test]
fn each_outside_crate_has_its_one_door() {
    let doors = [
        ("pest", "syntax/"),
        ("miette", "diag/render/"),
        ("clap", "cli/"),
        ("simd_csv", "facts/table/"),
        ("rusqlite", "source/"),
        ("calamine", "source/"),
    ];
    for (name, text) in sources() {
        for (outside, door) in doors {
            let used = text.contains(&format!("{outside}::"));
            assert!(!used || name.starts_with(door), "{name} names {outside}");
        }
        let reads = text.contains("std::fs") || text.contains("std::env::var");
        assert!(
            !reads || name.starts_with("source/") || name.starts_with("cli/"),
            "{name} reads the outside"
        );
    }
}

#[test]
fn files_say_what_they_own_and_stay_short() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 600, "{name} has {lines} lines");
        assert!(name.ends_with("tests.rs") || text.starts_with("//!"), "{name} does not say what it owns");
    }
}
