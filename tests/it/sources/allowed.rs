//! What every build says: sentences are sound, and what is not allowed or not built is said.

use super::{csv, failure, folder, parallax, people, rules};

#[test]
fn every_sort_of_table_can_be_checked_and_laid_out() {
    let folder = folder("checked");
    for from in [
        "from \"people.parquet\"",
        "from \"people.xlsx\"",
        "from sqlite \"crm.db\" query \"select * from \\\"people\\\" -- all\"",
        "from postgres env CRM_URL query \"select * from people\"",
    ] {
        std::fs::write(folder.join("rules.lens"), rules(from)).expect("written");
        let output = parallax(&folder, &["check", "rules.lens"]);
        assert_eq!(output.status.code(), Some(0), "{from}: {}", String::from_utf8_lossy(&output.stdout));
        let output = parallax(&folder, &["fmt", "rules.lens"]);
        assert_eq!(output.status.code(), Some(0), "{from}");
        let laid_out = std::fs::read_to_string(folder.join("rules.lens")).expect("read");
        assert!(laid_out.contains(&format!("{from} {{")), "{laid_out}");
        let output = parallax(&folder, &["fmt", "--check", "rules.lens"]);
        assert_eq!(output.status.code(), Some(0), "{from}");
    }
}

#[test]
fn sheets_are_of_workbooks() {
    let folder = folder("sheets");
    let with_sheet = |from: &str| rules(from).replace("  empty is \"NA\"\n", "  sheet \"People\"\n");
    std::fs::write(folder.join("rules.lens"), with_sheet("from \"people.xlsx\"")).expect("written");
    assert_eq!(parallax(&folder, &["check", "rules.lens"]).status.code(), Some(0));
    std::fs::write(folder.join("rules.lens"), with_sheet("from \"people.csv\"")).expect("written");
    let output = parallax(&folder, &["check", "rules.lens"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("only a workbook has sheets"));
}

#[test]
fn a_build_without_a_sort_of_table_says_how_to_build_it() {
    let folder = folder("unbuilt");
    for (from, feature, built) in [
        ("from \"people.parquet\"", "parquet", cfg!(feature = "parquet")),
        ("from \"people.xlsx\"", "xlsx", cfg!(feature = "xlsx")),
        ("from sqlite \"people.db\" query \"select 1\"", "sqlite", cfg!(feature = "sqlite")),
        ("from postgres env NO_URL query \"select 1\"", "postgres", cfg!(feature = "postgres")),
    ] {
        for name in ["people.parquet", "people.xlsx", "people.db"] {
            std::fs::write(folder.join(name), "x").expect("written");
        }
        std::fs::write(folder.join("rules.lens"), rules(from)).expect("written");
        let said = failure(&folder, &["--allow-network"]);
        let line = format!("cargo build --release --features {feature}");
        assert_eq!(said.contains("PX0612") && said.contains(&line), !built, "{said}");
    }
    let output = parallax(&folder, &["run", "rules.lens", "--format", "parquet"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        said.contains("cargo build --release --features parquet"),
        !cfg!(feature = "parquet"),
        "{said}"
    );
}

#[test]
fn a_server_is_asked_only_where_the_command_line_allows_it() {
    let folder = folder("network");
    std::fs::write(folder.join("rules.lens"), rules("from postgres env CRM_URL query \"select 1\""))
        .expect("written");
    let said = failure(&folder, &[]);
    assert!(said.contains("PX0613") && said.contains("--allow-network"), "{said}");
    // A file in its place needs no network.
    std::fs::write(folder.join("people.csv"), csv(&people(20))).expect("written");
    let output = parallax(&folder, &["report", "rules.lens", "--facts", "CRM_URL=people.csv"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn paths_stay_inside_unless_a_folder_is_allowed() {
    let folder = folder("outside");
    for name in ["rules", "data", "data2"] {
        std::fs::create_dir_all(folder.join(name)).expect("a folder");
    }
    let rules = rules("from \"../data/people.csv\"");
    std::fs::write(folder.join("rules/rules.lens"), rules).expect("written");
    std::fs::write(folder.join("data/people.csv"), csv(&people(20))).expect("written");
    let report = |more: &[&str]| parallax(&folder, &[&["report", "rules/rules.lens"], more].concat());
    let output = report(&[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("PX0605") && said.contains("--allow-path"), "{said}");
    assert_eq!(report(&["--allow-path", "data2"]).status.code(), Some(3));
    assert_eq!(report(&["--allow-path", "data2", "--allow-path", "data"]).status.code(), Some(0));
    // A link inside an allowed folder leads no further than the folder.
    #[cfg(unix)]
    {
        std::fs::rename(folder.join("data/people.csv"), folder.join("people.csv")).expect("moved");
        std::os::unix::fs::symlink("../people.csv", folder.join("data/people.csv")).expect("a link");
        assert_eq!(report(&["--allow-path", "data"]).status.code(), Some(3));
    }
}

#[test]
fn queries_of_one_database_are_told_apart_by_number() {
    let folder = folder("numbers");
    let two = format!(
        "{}\nfrom postgres env CRM_URL query \"select 2\" {{\n  id has visits visits\n}}\n",
        rules("from postgres env CRM_URL query \"select 1\"")
    );
    std::fs::write(folder.join("rules.lens"), two).expect("written");
    std::fs::write(folder.join("people.csv"), csv(&people(5))).expect("written");
    std::fs::write(folder.join("more.csv"), "id,visits\nx,50\n").expect("written");
    let args = ["report", "rules.lens", "--facts", "CRM_URL#1=people.csv", "--facts", "CRM_URL#2=more.csv"];
    let output = parallax(&folder, &args);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("6 subjects") && text.contains("CRM_URL#2"), "{text}");
    let said = failure(&folder, &["--facts", "CRM_URL#3=more.csv", "--facts", "CRM_URL=people.csv"]);
    assert!(said.contains("it names `CRM_URL#1`, `CRM_URL#2`"), "{said}");
}
