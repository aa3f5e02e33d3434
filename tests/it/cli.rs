//! The command as people and machines call it.

#[cfg(unix)]
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn parallax(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parallax"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("the command runs")
}

fn exit(args: &[&str]) -> i32 {
    parallax(args).status.code().expect("an exit code")
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

#[test]
fn exit_codes_say_what_happened() {
    assert_eq!(exit(&["report", "rulesets/customer"]), 0);
    assert_eq!(exit(&["check", "rulesets/customer"]), 0);
    assert_eq!(exit(&["test", "rulesets/customer"]), 0);
    assert_eq!(exit(&["fmt", "--check", "rulesets"]), 0);
    assert_eq!(exit(&["report", "rulesets/customer", "--fail-on", "differ(kde, mier) > 5%"]), 1);
    assert_eq!(exit(&["report", "rulesets/customer", "--fail-on", "unknown > 0"]), 0);
    assert_eq!(exit(&["report", "rulesets/nothing"]), 2);
    assert_eq!(exit(&["report", "rulesets/customer", "--lenses", "sebold"]), 2);
    assert_eq!(exit(&["report", "rulesets/customer", "--set", "window=3"]), 2);
    assert_eq!(exit(&["run", "rulesets/customer", "--only", "differ(kde, mier)"]), 0);
    assert_eq!(exit(&["run", "rulesets/customer", "--only", "differ(kde, mier) > 5"]), 2);
    assert_eq!(exit(&["reprot"]), 2);
    assert_eq!(exit(&["--help"]), 0);
    assert_eq!(exit(&["code", "PX0401"]), 0);
    assert_eq!(exit(&["code", "PX9999"]), 2);
}

#[test]
fn facts_from_tables() {
    let folder = folder("tables");
    let rules = "language 1\nkind Person\nrelation Person owes Number\nquestion Person is debtor | other\n  among person owes any sum\nlens a {\n  row: debtor when person owes n and n > 10\n  otherwise other\n}\nfrom \"debts.csv\" {\n  empty is \"NA\"\n  who owes amount where amount > 0\n}\n";
    std::fs::write(folder.join("rules.lens"), rules).expect("written");
    let path = folder.to_string_lossy().into_owned();
    std::fs::write(folder.join("debts.csv"), "who,amount\nada,5\n\"bo\nb\",12.5\ncy,NA\ndi,-3\n")
        .expect("written");
    let output = parallax(&["run", &path]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "person,a,pattern\nada,other,other\n\"bo\nb\",debtor,debtor\n"
    );
    std::fs::write(folder.join("debts.csv"), "who,amount\nada,5\nbo,twelve\ncy,x\n").expect("written");
    let output = parallax(&["run", &path]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("line 3") && said.contains("`twelve`") && said.contains("; 1"), "{said}");
    std::fs::write(folder.join("debts.csv"), "who,amonut\nada,5\n").expect("written");
    let output = parallax(&["run", &path]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `amonut`"));
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn answers_go_to_files_whole() {
    let folder = folder("out");
    let file = folder.join("report.json");
    let out = format!("json={}", file.display());
    assert_eq!(exit(&["report", "rulesets/customer", "--out", &out]), 0);
    let written: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).expect("written")).expect("JSON");
    assert_eq!(written["schema"], "parallax/report@1");
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 1, "nothing is left beside it");
    assert_eq!(exit(&["report", "rulesets/customer", "--out", "json=/nowhere/at/all.json"]), 2);
}

#[test]
fn a_repair_is_applied_where_it_keeps_the_meaning() {
    let folder = folder("fix");
    let file = folder.join("rules.lens");
    std::fs::write(&file, "kind Party\nrelation Party sings\nnever quiet when any party2 sings\n")
        .expect("written");
    let path = folder.to_string_lossy().into_owned();
    assert_eq!(exit(&["check", &path]), 1);
    assert_eq!(exit(&["check", "--fix", &path]), 0);
    assert!(std::fs::read_to_string(&file).expect("written").starts_with("language 1\n"));
}

#[test]
fn the_output_is_the_same_each_time_and_for_each_number_of_threads() {
    let run = |threads: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_parallax"))
            .args(["report", "rulesets/customer", "--format", "json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .expect("the command runs");
        output.stdout
    };
    assert_eq!(run("1"), run("2"));
    assert_eq!(run("1"), run("3"));
}

#[test]
fn scenarios_are_pooled_each_with_its_own_parameters_and_names() {
    let folder = folder("pooled");
    let rules = "language 1\nkind Firm\nparameter limit: Number = 5\nrelation Firm has Number staff\nquestion Firm is small | large\n  among firm has any count staff\nlens a {\n  few: small when firm has n staff and n < limit\n  named: small when firm is \"huge\"\n  otherwise large\n}\nscenario one {\n  tiny has 3 staff\n  huge has 9 staff\n}\nscenario two {\n  given limit = 2\n  tiny has 3 staff\n}\n";
    std::fs::write(folder.join("rules.lens"), rules).expect("written");
    let output = parallax(&["run", &folder.to_string_lossy()]);
    let rows = "firm,a,pattern\none/huge,small,small\none/tiny,small,small\ntwo/tiny,large,large\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), rows);
}

#[test]
fn columns_have_names_of_their_own() {
    let folder = folder("columns");
    let rules = "language 1\nkind Lens\nrelation Lens is here\nquestion Lens is good | bad\n  among lens is here\nlens lens {\n  x: good when lens is here\n}\nlens pattern {\n  x: good when lens is here\n}\nlens count {\n  x: bad when lens is here\n}\nfacts {\n  ann is here\n}\n";
    std::fs::write(folder.join("rules.lens"), rules).expect("written");
    let path = folder.to_string_lossy();
    let printed = |args: &[&str]| String::from_utf8_lossy(&parallax(args).stdout).into_owned();
    assert_eq!(
        printed(&["run", &path]),
        "lens,lens lens,lens pattern,count,pattern\nann,good,good,bad,\"good,good,bad\"\n"
    );
    let lines = printed(&["run", &path, "--format", "jsonl"]);
    assert!(lines.contains("\"lens pattern\":\"good\",\"count\":\"bad\",\"pattern\":"), "{lines}");
    let report = printed(&["report", &path, "--format", "csv"]);
    assert!(report.starts_with("lens,pattern,lens count,count,example lens\n"), "{report}");
    let moved = printed(&["whatif", &path, "--remove", "ann is here", "--format", "csv"]);
    assert!(moved.starts_with("lens,slot lens,before,after,"), "{moved}");
}

#[test]
fn names_that_several_scenarios_have_are_asked_about_in_one() {
    let folder = folder("several");
    let rules = "language 1\nkind Firm\nrelation Firm has Number staff\nquestion Firm is small | large\n  among firm has any count staff\nlens a {\n  few: small when firm has n staff and n < 5\n  otherwise large\n}\nscenario one {\n  tiny has 3 staff\n}\nscenario two {\n  tiny has 9 staff\n}\nscenario three {\n  huge has 9 staff\n}\n";
    std::fs::write(folder.join("rules.lens"), rules).expect("written");
    let output = parallax(&["explain", &folder.to_string_lossy(), "tiny"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("in which scenario?") && said.contains("--scenario: one, two"), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

const DEBTORS: &str = "language 1\nkind Person\nrelation Person owes Number\nrelation Person is named\nquestion Person is debtor | other\n  among person is named\nlens a {\n  row: debtor when person owes n and n > 10\n  otherwise other\n}\n";

/// What `run` says of a table: the rows, the talk, the exit code.
fn run_table(name: &str, block: &str, csv: &str) -> (String, String, i32) {
    let folder = folder(name);
    std::fs::write(folder.join("rules.lens"), format!("{DEBTORS}from \"t.csv\" {{\n{block}\n}}\n"))
        .expect("written");
    std::fs::write(folder.join("t.csv"), csv).expect("written");
    let output = parallax(&["run", &folder.to_string_lossy()]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code().expect("an exit code"))
}

#[test]
fn nothing_of_a_table_is_lost_in_silence() {
    let (rows, said, exit) = run_table("quote", "  who is named", "who,what\nbo,\"oh\ncy,hi\ndi,yo\n");
    assert!(rows.is_empty() && exit == 3 && said.contains("PX0603") && said.contains("line 2"), "{said}");
    let (_, said, exit) = run_table("blank", "  who owes amount", "who,amount\n\n\nada,5\nbo,x\n");
    assert!(exit == 3 && said.contains("line 5"), "{said}");
    let (_, said, exit) = run_table("broken-lines", "  who owes amount", "who,amount\n\"a\nb\",5\nbo,x\n");
    assert!(exit == 3 && said.contains("line 4"), "{said}");
    let (_, said, exit) = run_table("twice", "  who owes amount", "who,amount,who\nada,5,bo\n");
    assert!(exit == 3 && said.contains("several columns"), "{said}");
    let (_, said, exit) = run_table("nul", "  who owes amount", "who,amount\nada,5\nb\0o,6\n");
    assert!(exit == 3 && said.contains("has a NUL byte: byte 18"), "{said}");
    let (_, said, exit) = run_table("returns", "  who owes amount", "who,amount\rada,5\rbo,6\r");
    assert!(exit == 3 && said.contains("a carriage return alone"), "{said}");
    let (_, said, exit) = run_table("header", "  who owes amount", "who,amount\r");
    assert!(exit == 0, "{said}");
}

#[test]
fn a_row_whose_condition_cannot_be_read_states_nothing() {
    let block = "  on bad rows skip\n  who is named where not amount > 10";
    let (rows, said, exit) = run_table("not-bad", block, "who,amount\nada,x\nbo,5\n");
    assert_eq!((rows.as_str(), exit), ("person,a,pattern\nbo,other,other\n", 0));
    assert!(said.contains("rows left out of this table: 1"), "{said}");
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out_of_the_folder() {
    let folder = folder("links");
    let (inside, outside) = (folder.join("in"), folder.join("out"));
    std::fs::create_dir_all(&inside).expect("a folder");
    std::fs::create_dir_all(&outside).expect("a folder");
    std::fs::write(inside.join("main.lens"), "language 1\nkind A\n").expect("written");
    std::fs::write(outside.join("secret.lens"), "kind   Secret\n").expect("written");
    std::os::unix::fs::symlink(&outside, inside.join("sub")).expect("a link");
    std::os::unix::fs::symlink(outside.join("secret.lens"), inside.join("other.lens")).expect("a link");
    let path = inside.to_string_lossy().into_owned();
    let said = String::from_utf8_lossy(&parallax(&["check", "--format", "short", &path]).stdout).into_owned();
    assert!(said.matches("PX0605").count() == 2 && !said.contains("Secret"), "{said}");
    assert_eq!(exit(&["check", &path]), 1);
    let _ = parallax(&["fmt", &path]);
    let _ = parallax(&["check", "--fix", &path]);
    assert_eq!(std::fs::read_to_string(outside.join("secret.lens")).expect("there"), "kind   Secret\n");
    // A path out of the folder says nothing of what is there.
    std::fs::write(inside.join("main.lens"), "language 1\nuse \"../out/secrot.lens\"\n").expect("written");
    let said = String::from_utf8_lossy(&parallax(&["check", &path]).stdout).into_owned();
    assert!(said.contains("PX0605") && !said.contains("did you mean"), "{said}");
}

#[cfg(unix)]
#[test]
fn only_plain_files_are_replaced() {
    let folder = folder("plain");
    let pipe = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    assert_eq!(exit(&["report", "rulesets/customer", "--out", &format!("json={}", pipe.display())]), 2);
    assert!(std::fs::metadata(&pipe).expect("there").file_type().is_fifo());
    let (file, link) = (folder.join("file.json"), folder.join("link.json"));
    std::fs::write(&file, "").expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("set");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    assert_eq!(exit(&["report", "rulesets/customer", "--out", &format!("json={}", link.display())]), 0);
    assert!(std::fs::symlink_metadata(&link).expect("there").file_type().is_symlink());
    let data = std::fs::metadata(&file).expect("there");
    assert!(data.len() > 100 && data.permissions().mode() & 0o777 == 0o600);
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_is_lost_is_no_success() {
    let status = |args: &[&str]| {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device is there");
        let mut command = Command::new(env!("CARGO_BIN_EXE_parallax"));
        let command = command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).stdout(full);
        command.output().expect("the command runs").status.code()
    };
    assert_eq!(status(&["run", "rulesets/customer"]), Some(2));
    assert_eq!(status(&["report", "rulesets/customer"]), Some(2));
}

const PEOPLE: &str = "language 1\nkind Person\nrelation Person earns Number?\nquestion Person is rich | poor\n  among person earns any n\nlens a {\n  r: rich when person earns n and n > 2\n  p: poor when person earns n and n <= 2\n}\n";

/// The same rows in every form a table may have.
#[test]
fn tables_of_every_form_say_the_same() {
    use std::io::Write as _;
    let here = folder("forms");
    let csv = "id;money.sum\nann;\"1,5\"\nbob;3\ncleo;-\n";
    let json = "{\"id\": \"ann\", \"money\": {\"sum\": 1.5}}\n\n{\"id\": \"bob\", \"money\": {\"sum\": 3}}\n{\"id\": \"cleo\", \"money\": null}\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(csv.as_bytes()).expect("in memory");
    let zstd = ruzstd::encoding::compress_to_vec(csv.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let block =
        "  empty is \"-\"\n  delimiter \";\"\n  decimal comma\n  id is a Person\n  id earns `money.sum`\n";
    let lines = "  id is a Person\n  id earns `money.sum`\n";
    let rules = |file: &str, block: &str| format!("{PEOPLE}from \"{file}\" {{\n{block}}}\n");
    let files: [(&str, &[u8], &str); 5] = [
        ("t.csv", csv.as_bytes(), block),
        ("t.csv.gz", &gzip.finish().expect("in memory"), block),
        ("t.csv.zst", &zstd, block),
        ("t.jsonl", json.as_bytes(), lines),
        ("t.tsv", b"id\tmoney.sum\r\nann\t1.5\r\nbob\t3\r\ncleo\t\r\n", lines),
    ];
    let wanted = "person,a,pattern\nann,poor,poor\nbob,rich,rich\ncleo,unknown,unknown\n";
    for (name, bytes, block) in files {
        std::fs::write(here.join(name), bytes).expect("it can be written");
        std::fs::write(here.join("r.lens"), rules(name, block)).expect("it can be written");
        let out = parallax(&["run", here.join("r.lens").to_str().expect("a path")]);
        assert_eq!(
            String::from_utf8_lossy(&out.stdout),
            wanted,
            "{name}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
    // Another file, or standard input, in place of the one named.
    std::fs::write(here.join("r.lens"), rules("t.jsonl", lines)).expect("it can be written");
    std::fs::write(here.join("other.jsonl"), "{\"id\": \"dan\", \"money\": {\"sum\": 9}}\n")
        .expect("it can be written");
    let (path, other) = (here.join("r.lens"), here.join("other.jsonl"));
    let other = format!("t.jsonl={}", other.to_str().expect("a path"));
    let out = parallax(&["run", path.to_str().expect("a path"), "--facts", &other]);
    assert_eq!(String::from_utf8_lossy(&out.stdout), "person,a,pattern\ndan,rich,rich\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_parallax"))
        .args(["run", path.to_str().expect("a path"), "--facts", "t.jsonl=-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the command runs");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(b"{\"id\": \"eve\", \"money\": {\"sum\": 1}}\n")
        .expect("it reads");
    let out = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&out.stdout), "person,a,pattern\neve,poor,poor\n");
}

#[test]
fn spoiled_tables_are_explained() {
    let here = folder("spoiled");
    let path = here.join("r.lens");
    let check = |file: &str, bytes: &[u8], code: &str, words: &str| {
        let rules = format!("{PEOPLE}from \"{file}\" {{\n  id earns money\n}}\n");
        std::fs::write(&path, rules).expect("it can be written");
        std::fs::write(here.join(file), bytes).expect("it can be written");
        let out = parallax(&["run", path.to_str().expect("a path")]);
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(3), "{said}");
        assert!(said.contains(code) && said.contains(words), "{said}");
    };
    check("a.jsonl", b"{\"id\": \"ann\", \"money\": 1}\n{\"id\": \"bob\"\n", "PX0603", "line 2");
    check("b.jsonl", b"{\"id\": \"ann\", \"money\": [1, 2]}\n", "PX0602", "[1,2]");
    check("c.jsonl", b"{\"id\": \"ann\", \"mony\": 1}\n", "PX0205", "money");
    check("d.jsonl", b"{\"id\": \"ann\", \"money\": \"much\"}\n", "PX0602", "much");
    check("deep.jsonl", "{\"a\":".repeat(10_000).as_bytes(), "PX0603", "JSON");
    check("e.csv.gz", b"no archive", "PX0604", "unpacked");
    check("f.csv", b"id,money\nann,1\nann,2\n", "PX0607", "line 3");
    check("g.ods", b"PK", "PX0112", "jsonl");
}

#[test]
fn a_warning_that_is_meant_is_allowed() {
    let here = folder("allowed");
    let path = here.join("r.lens");
    let text = |lint: &str| {
        format!(
            "language 1\nkind Person\nrelation Person sings\nallow {lint} \"for later\"\nrelation Person dances\nnever quiet when not any p sings and any q sings\n"
        )
    };
    let check = |lint: &str| {
        std::fs::write(&path, text(lint)).expect("it can be written");
        let out = parallax(&["check", "--format", "short", path.to_str().expect("a path")]);
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    assert_eq!(check("PX0901"), (Some(0), String::new()));
    let (code, said) = check("PX0201");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("PX0207") && said.contains("PX0901"), "{said}");
}

#[test]
fn plans_show_how_bodies_are_searched() {
    let folder = folder("plans");
    let rules = "language 1\nkind Person\nkind Shop\nrelation Person buys at Shop\nrelation Person owes Number\n\
                 question Person is debtor | other\n  among person owes any sum\nlens a {\n  row: debtor when person \
                 owes n and n > 10 and count(shop: person buys at shop) > 1\n  otherwise other\n}\n\
                 from \"debts.csv\" {\n  who owes amount\n  who buys at shop\n}\n";
    std::fs::write(folder.join("rules.lens"), rules).expect("written");
    std::fs::write(folder.join("debts.csv"), "who,amount,shop\nada,5,x\nbo,12,x\nbo,12,y\n")
        .expect("written");
    let path = folder.to_string_lossy().into_owned();
    let output = parallax(&["dump", "--stage", "plan", &path]);
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout), @r"
       1  relation person buys at shop: stated facts
       2  relation person owes number: stated facts
       3  population of debtor: whom `among` names
       4  lens a: 1 rows over the population

    population of debtor: 2 rows
        something in person owes number (2)
        each person of person owes number (2)
      row at rules.lens:9: 1 rows
          something in person owes number (2)
          something in the subjects (2)
          each person that all allow: person owes number (2); the subjects (2)
          each n of person owes number (2)
          compare
          compare
            count over
              look up person in person buys at shop (3)
              each shop of person buys at shop (3)
    ");
    // What is missing is said, and nothing is shown.
    std::fs::remove_file(folder.join("debts.csv")).expect("removed");
    let output = parallax(&["dump", "--stage", "plan", &path]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    assert_eq!(exit(&["dump", "--stage", "plan", "rulesets/customer"]), 0);
}

#[test]
fn a_quotation_mark_left_open_in_a_subject_is_told() {
    let output = parallax(&["explain", "rulesets/customer", "\"council, charity"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("a quotation mark is not closed"), "{said}");
}

#[test]
fn what_is_added_up_is_gone_through_as_its_table_stands() {
    let folder = folder("plans-as-they-stand");
    let rules = "language 1\nkind Person\nkind Shop\nrelation Person pays Shop on Date at Number\n\
                 question Person is good | other of shop: Shop\n  among person pays shop on any d at any n\nlens a {\n  row: good when \
                 sum(n for each d n: person pays shop on d at n) > 10\n  otherwise other\n}\nlens b {\n  row: good when \
                 count(n: person pays shop on any d at n) > 2\n  otherwise other\n}\nfrom \"paid.csv\" {\n  who pays shop on day at amount\n}\n";
    std::fs::write(folder.join("rules.lens"), rules).expect("written");
    let row =
        |row: u32| format!("p{},s{},2024-0{}-1{},{}\n", row % 40, row % 7, row % 9 + 1, row % 8, row % 900);
    let rows: String = (0..2000).map(row).collect();
    std::fs::write(folder.join("paid.csv"), format!("who,shop,day,amount\n{rows}")).expect("written");
    let output = parallax(&["dump", "--stage", "plan", &folder.to_string_lossy()]);
    let plan = String::from_utf8_lossy(&output.stdout).into_owned();
    let count = plan.split("count over").nth(1).unwrap_or_default();
    assert!(count.contains("each n of") && !count.contains("each d of"), "nobody asks for the day:\n{plan}");
    let sum = plan.split("sum over").nth(1).unwrap_or_default();
    let at = |what: &str| sum.find(what).unwrap_or(usize::MAX);
    assert_ne!(at("each n of"), usize::MAX, "{plan}");
    assert!(at("each d of") < at("each n of"), "amounts differ more, but days stand before them:\n{plan}");
}

#[test]
fn the_question_is_found_by_who_is_named() {
    let folder = folder("which-question");
    let rules = "language 1\nkind Person\nkind Shop\nrelation Person buys at Shop\n\
                 question Person is keen | cool\n  among person buys at any shop\nlens a answers keen {\n  k: keen when person buys at \"one\"\n  \
                 otherwise cool\n}\nquestion Shop is busy | idle\n  among any person buys at shop\nlens b answers busy {\n  \
                 i: busy when any person buys at shop\n  otherwise idle\n}\nfacts {\n  ann buys at one\n  both buys at both\n}\n";
    std::fs::write(folder.join("rules.lens"), rules).expect("written");
    let path = folder.to_string_lossy().into_owned();
    let said = |args: &[&str]| {
        let output = parallax(&[&["explain", &path], args].concat());
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    for (args, wanted) in [
        (&["ann"][..], "● a: keen"),
        (&["one"], "● b: busy"),
        (&["--subject", "shop=both"], "● b: busy"),
        (&["both", "--vs", "a,a"], "--vs names a twice"),
    ] {
        let (_, text) = said(args);
        assert!(text.contains(wanted), "{args:?}: {text}");
    }
    let (code, text) = said(&["both"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("which question? Name one with --question: keen, busy"), "{text}");
    for (args, wanted) in [
        (&["nobody"][..], "there is nothing called `nobody`: no fact names it\n"),
        (&["bath"], "did you mean `both`?"),
        (&["a, b, c"], "`a, b, c` names 3, and no question is about as many"),
        (&["--subject", "nothing=one"], "--subject nothing=one: no question has such slots"),
    ] {
        let (code, text) = said(args);
        assert_eq!(code, Some(2), "{args:?}");
        assert!(text.contains(wanted), "{args:?}: {text}");
    }
    assert_eq!(said(&["ann, one"]).0, Some(2));
}

#[test]
fn many_patterns_are_listed_as_far_as_people_read_and_written_in_full() {
    let folder = folder("patterns");
    let mut rules = "language 1
kind Coin
relation Coin shows Number
question Coin is fair | bent
  among coin shows any n
from \"coins.csv\" {
  coin shows n
}
"
    .to_owned();
    for bit in 0..11 {
        let weight = 1 << bit;
        rules += &format!(
            "lens l{bit} {{\n  a: fair \"even\" when coin shows n and floor(n / {weight}) / 2 = floor(n / {weight} / 2)\n  \
             otherwise bent\n}}\n"
        );
    }
    // Each says something of its own; the names differ behind their first eight letters.
    let coins: Vec<String> =
        (0..2048).map(|coin| format!("the coin {:05},{coin}", coin * 7919 % 2048)).collect();
    std::fs::write(folder.join("coins.csv"), format!("coin,n\n{}\n", coins.join("\n"))).expect("written");
    std::fs::write(folder.join("coins.lens"), rules).expect("written");
    let path = folder.to_string_lossy().into_owned();
    let said = |args: &[&str]| {
        let output = parallax(&[args, &[&path]].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };

    let text = said(&["report"]);
    assert_eq!(text.matches("the coin ").count(), 100 + 12, "the table, and the stories");
    assert!(text.contains("… and 1948 more patterns, with 1948 of the subjects"), "{text}");
    assert!(text.contains("`--format json` has those of the most frequent"), "{text}");
    assert_eq!(said(&["report", "--patterns", "3"]).matches("the coin ").count(), 3 + 12);
    assert_eq!(said(&["report", "--format", "csv"]).lines().count(), 1 + 2048);
    let json: serde_json::Value = serde_json::from_str(&said(&["report", "--format", "json"])).expect("JSON");
    let patterns = json["questions"][0]["patterns"].as_array().expect("all of them");
    let told = patterns.iter().filter(|pattern| pattern["example"]["says"]["l3"]["reason"] == "even").count();
    let silent =
        patterns.iter().filter(|pattern| pattern["example"]["says"] == serde_json::json!({})).count();
    assert!(patterns.len() == 2048 && silent == 1048 && told > 400, "{silent} {told}");

    let rows = said(&["run"]);
    let names: Vec<&str> = rows.lines().skip(1).filter_map(|row| row.split(',').next()).collect();
    assert!(names.len() == 2048 && names.is_sorted(), "{rows}");
    let file = folder.join("rows.csv");
    assert_eq!(said(&["run", "--out", &file.to_string_lossy()]), "");
    assert_eq!(std::fs::read_to_string(&file).expect("written"), rows);
    let lines = said(&["run", "--format", "jsonl"]);
    let values =
        lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an object"));
    let cells = values.map(|row| format!("{},{}", row["coin"], row["pattern"]).replace('"', ""));
    let wanted = rows.lines().skip(1).map(|row| {
        let cells: Vec<&str> = row.split(',').collect();
        format!("{},{}", cells[0], cells[1..12].join(","))
    });
    assert!(cells.eq(wanted));
}

/// What a row would match without a guard has no result for whom the guard rules out: the report says so much as it can.
#[test]
fn a_report_asks_nothing_of_whom_a_guard_rules_out() {
    let folder = folder("guarded");
    let rules = "language 1
kind Person
relation Person is here
relation Person scored Number
relation Person gained n: Number
define person gained n
  when person scored all and n = 6 / all
question Person is busy | idle
  among person is here
lens guarded {
  row: busy when person scored all and all >= 3 and 6 / all >= 2
  otherwise idle
}
lens barred {
  row: busy when person scored all and 6 / (all - 1) >= 2 unless all = 0
  otherwise idle
}
lens plain {
  row: busy when person scored all and all >= 3
  otherwise idle
}
facts {
  ada is here
  ada scored 0
  bob is here
  bob scored 3
}
";
    std::fs::write(folder.join("rules.lens"), rules).expect("written");
    let path = folder.to_string_lossy().into_owned();
    for format in ["text", "json", "csv"] {
        // Nobody asks who gained what, so that it divides by nothing is no matter.
        let output = parallax(&["report", &path, "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(exit(&["run", &path]), 0);
    let asked = rules.replace("lens plain {", "lens plain {\n  gain: busy when person gained n and n > 2");
    std::fs::write(folder.join("rules.lens"), asked).expect("written");
    for lenses in ["plain", "guarded,plain"] {
        let output = parallax(&["report", &path, "--lenses", lenses]);
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stderr).contains("PX0610"));
    }
    assert_eq!(exit(&["report", &path, "--lenses", "guarded,barred"]), 0);
}
