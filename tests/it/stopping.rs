//! Work that ends before it is done: memory, interruption, folders that cannot be used.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use parallax::base::{StopReason, StopSign};
use parallax::engine::Limits;
use parallax::session::{Options, Session};
use parallax::source::{Entry, Files, ReadAt};

use crate::support::Memory;

const RULES: &str = "language 1\nkind A\nrelation A leads to b: A\nrelation A reaches b: A\ndefine x reaches y\n  when x leads to y\ndefine x reaches y\n  when x reaches z and z leads to y\nquestion A is far | near\n  among a leads to any b\nlens l {\n  f: far when a reaches a\n  otherwise near\n}\nfrom \"t.csv\" {\n  from leads to to\n}\n";

fn folder(name: &str, rows: usize) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    let rows: String = (0..rows).map(|row| format!("node{row},node{}\n", (row * 7 + 1) % rows)).collect();
    std::fs::write(path.join("rules.lens"), RULES).expect("written");
    std::fs::write(path.join("t.csv"), format!("from,to\n{rows}")).expect("written");
    path
}

fn parallax(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parallax")).args(args).output().expect("the command runs")
}

#[cfg(target_os = "linux")]
#[test]
fn the_memory_limit_ends_with_what_to_do() {
    let folder = folder("memory", 20_000);
    let (path, out) = (folder.to_string_lossy().into_owned(), folder.join("out.csv"));
    let output =
        parallax(&["run", &path, "--max-memory", "1MB", "--out", &out.to_string_lossy(), "--max-time", "60"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("PX0707") && said.contains("--max-memory") && said.contains("--cache"), "{said}");
    assert!(output.stdout.is_empty() && !out.exists());
    assert_eq!(parallax(&["run", &path, "--max-memory", "many"]).status.code(), Some(2));
}

#[test]
fn each_reason_to_stop_is_told_while_reading_and_while_working() {
    let files = Memory::default().with("rules/main.lens", RULES).with("rules/t.csv", "from,to\na,b\nb,a\n");
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("the ruleset is sound");
    for (reason, code) in [(StopReason::Memory, "PX0707"), (StopReason::Interrupted, "PX0708")] {
        let stop = StopSign::default();
        stop.ask(reason);
        let limits = Limits { stop, memory: Some(5 << 20), ..Limits::default() };
        let options = Options { limits: limits.clone(), ..Options::default() };
        let problems = session.evaluate(ruleset, &options).expect_err("it was to stop");
        assert_eq!(problems.iter().map(|problem| problem.code.name()).collect::<Vec<_>>(), [code]);
        let own = crate::support::memory(&RULES.replace(
            "from \"t.csv\" {\n  from leads to to\n}\n",
            "scenario s {\n  a leads to b\n  b leads to a\n}\n",
        ));
        let session = Session::open(&own, Path::new("rules")).expect("the folder is there");
        let ruleset = session.ruleset().expect("the ruleset is sound");
        let problem = session.evaluate_scenario(ruleset, parallax::model::ScenarioId(0), &limits).err();
        assert_eq!(problem.map(|problem| problem.code.name()), Some(code));
    }
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_with_its_code_and_without_a_file() {
    let folder = folder("interrupted", 60_000);
    let out = folder.join("out.csv");
    let mut child = Command::new(env!("CARGO_BIN_EXE_parallax"))
        .args([Path::new("run"), &folder, Path::new("--out"), &out])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the command runs");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let id = child.id().to_string();
    let ended = child.try_wait().expect("a child").is_some();
    assert!(ended || Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    let output = child.wait_with_output().expect("it ends");
    assert!(!ended, "the work takes longer than that");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!out.exists());
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 2, "nothing is left beside it");
}

#[test]
fn several_processes_keep_facts_at_once() {
    let folder = folder("at-once", 300);
    let path = folder.to_string_lossy().into_owned();
    let cache = format!("--cache={}", folder.join("kept").display());
    let right = parallax(&["run", &path]).stdout;
    let spawn = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parallax"));
        command.args(["run", &path, &cache]).stdout(std::process::Stdio::piped()).spawn().expect("it runs")
    };
    let children: Vec<_> = (0..4).map(|_| spawn()).collect();
    for child in children {
        assert_eq!(child.wait_with_output().expect("it ends").stdout, right);
    }
    let kept: Vec<_> = std::fs::read_dir(folder.join("kept")).expect("a folder").collect();
    assert_eq!(kept.len(), 1, "one entry, nothing unfinished: {kept:?}");
    let warm = parallax(&["run", &path, &cache, "--profile"]);
    assert_eq!(warm.stdout, right);
    assert!(!String::from_utf8_lossy(&warm.stderr).contains("reading tables"));
}

#[test]
fn a_folder_that_cannot_be_used_costs_a_warning_at_most() {
    let folder = folder("unusable", 300);
    let path = folder.to_string_lossy().into_owned();
    let right = parallax(&["run", &path]).stdout;
    let check = |args: &[&str], warned: bool| {
        let output = parallax(&[&["run", &path], args].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), &output.stdout), (Some(0), &right), "{said}");
        assert_eq!(said.contains("PX0615"), warned, "{said}");
    };
    let file = folder.join("rules.lens");
    check(&[&format!("--cache={}", file.display())], true);
    let cache = format!("--cache={}", folder.join("small").display());
    check(&[&cache, "--cache-size", "100"], true);
    check(&[&cache], false);
    check(&[&cache], false);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_folder_is_not_followed_and_strangers_files_stay() {
    let folder = folder("links", 300);
    let path = folder.to_string_lossy().into_owned();
    let kept = folder.join("kept");
    let cache = format!("--cache={}", kept.display());
    let right = parallax(&["run", &path, &cache]).stdout;
    let entry = std::fs::read_dir(&kept).expect("a folder").next().expect("one").expect("an entry").path();
    let moved = folder.join("moved");
    std::fs::rename(&entry, &moved).expect("moved");
    std::os::unix::fs::symlink(&moved, &entry).expect("a link");
    std::fs::write(kept.join("letter.facts"), "dear").expect("written");
    let before = std::fs::read(&moved).expect("there");
    let again = parallax(&["run", &path, &cache, "--profile", "--cache-size", "1MiB"]);
    assert_eq!(again.stdout, right);
    assert!(String::from_utf8_lossy(&again.stderr).contains("reading tables"));
    assert!(std::fs::symlink_metadata(&entry).expect("there").is_file(), "a file took the link's place");
    assert_eq!(std::fs::read(&moved).expect("there"), before);
    assert!(kept.join("letter.facts").exists());
    // What was not used for longest makes room.
    let size = std::fs::metadata(&entry).expect("there").len().to_string();
    std::fs::write(folder.join("t.csv"), "from,to\na,b\n").expect("written");
    parallax(&["run", &path, &cache, "--cache-size", &size]);
    assert!(!entry.exists() && kept.join("letter.facts").exists());
}

/// Files of which one ends early once it is opened.
struct Shrinking(Memory);

struct Shrunk(Box<dyn ReadAt>);

impl ReadAt for Shrunk {
    fn size(&self) -> u64 {
        self.0.size() + 100_000
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        self.0.read_at(at, into)
    }

    fn unchanged(&self) -> Result<(), String> {
        Err("it changed while it was read".to_owned())
    }
}

impl Files for Shrinking {
    fn entry(&self, path: &Path) -> Result<Entry, String> {
        self.0.entry(path)
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>, String> {
        self.0.list(folder)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.read(path)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, String> {
        Ok(Box::new(Shrunk(self.0.open(path)?)))
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, String> {
        self.0.canonical(path)
    }
}

#[test]
fn a_table_that_shrinks_while_it_is_read_is_an_error() {
    let files =
        Shrinking(Memory::default().with("rules/main.lens", RULES).with("rules/t.csv", "from,to\na,b\n"));
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("the ruleset is sound");
    let problems = session.evaluate(ruleset, &Options::default()).expect_err("it shrank");
    assert_eq!(problems.iter().map(|problem| problem.code.name()).collect::<Vec<_>>(), ["PX0604"]);
}
